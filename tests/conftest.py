"""For all tests."""

from hypothesis import settings

# How long one example takes says how busy the machine is, and nothing of the code.
settings.register_profile("njst", deadline=None)
# For a look while working: --hypothesis-profile=quick.
settings.register_profile("quick", deadline=None, max_examples=10)
# For CI, whose answer to a commit should not depend on luck: the same examples each time.
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("njst")
