"""What is wrong with data, in one sentence for who gave them."""

from mmgreen.errors import InputError


class DataError(InputError):
    """Data, or a checkpoint, that cannot be used; the text is a sentence for who gave it."""


class UnreadableImageError(InputError, OSError):
    """A file that is no image, cut off, or of a size that cannot be worked on."""


class UnreadableVideoError(InputError, OSError):
    """A file that is no video, cut off, or a folder without frames."""
