"""What goes wrong by what a user typed or gave: errors whose text is one sentence to act on."""


class InputError(ValueError):
    """Something given by the user cannot be used; says what, and what to do about it."""


class MissingFileError(InputError, FileNotFoundError):
    """A file or folder that is not there."""


class FolderError(InputError, IsADirectoryError):
    """A folder in the place of a file."""


class TakenError(InputError, FileExistsError):
    """A file or folder where something is to be written."""


class MissingPackageError(InputError, ModuleNotFoundError):
    """A package that is not installed."""


class NonFiniteError(InputError, FloatingPointError):
    """A training whose numbers are not finite any more."""
