"""The /bench API of the original njst."""
