"""What is wrong with the settings, in words."""


class SettingsError(ValueError):
    """The settings cannot be used; the message names each key and what is wrong with it."""
