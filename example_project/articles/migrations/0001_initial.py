from __future__ import annotations

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Article",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("title", models.CharField(max_length=120)),
                ("summary", models.CharField(max_length=300)),
                (
                    "body",
                    models.TextField(
                        help_text="Simple HTML: paragraphs, headings, emphasis, lists, links."
                    ),
                ),
                (
                    "section",
                    models.CharField(
                        choices=[
                            ("news", "News"),
                            ("premium", "Premium"),
                            ("embargo", "Under embargo"),
                        ],
                        default="news",
                        max_length=10,
                    ),
                ),
                ("written_at", models.DateTimeField(auto_now_add=True)),
                ("published_at", models.DateTimeField(blank=True, null=True)),
                (
                    "author",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="articles",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": (
                    models.OrderBy(models.F("published_at"), descending=True, nulls_first=True),
                    "-written_at",
                ),
            },
        ),
    ]
