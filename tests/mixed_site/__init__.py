"""A project with allauth, the Django admin, Django REST framework and Django Ninja. Every page needs a session.

``tests/integration/browser/test_mixed_site.py`` visits it.
"""
