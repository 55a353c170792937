from __future__ import annotations

from django import forms

from .models import Plan, User


class ProfileForm(forms.ModelForm):
    class Meta:
        model = User
        fields = ("display_name", "bio")


class PlanForm(forms.Form):
    plan = forms.ChoiceField(choices=Plan.choices)
