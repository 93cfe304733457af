"""What holds for all tests."""

from hypothesis import settings

# What is slow is measured in bench/; a test that fails on a busy machine tells nothing.
settings.register_profile("house", deadline=None)
settings.load_profile("house")
