"""njst beside its peers: speed as a ratio within one run, never as a test that times something."""
