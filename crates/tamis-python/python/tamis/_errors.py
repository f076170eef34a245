"""What can go wrong, with the texts that the program tells."""


class Error(Exception):
    """Anything that Tamis refuses or cannot do."""


class SettingError(Error, ValueError):
    """A setting or argument that cannot be used; the program ends with code 2."""


class DataError(Error, ValueError):
    """Data, or a file, that cannot be used; the program ends with code 3."""


class RunError(Error, RuntimeError):
    """A run that failed; the program ends with code 1."""


class InUseError(Error, RuntimeError):
    """Another process works on it; the program ends with code 73."""
