"""A project whose login knows no Django user, with two admin sites. One of them needs no such user.

``tests/integration/browser/test_admin.py`` visits it.
"""
