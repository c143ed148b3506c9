"""What is wrong with data, in one sentence for who gave them."""


class DataError(ValueError):
    """Data, or a checkpoint, that cannot be used; the text is a sentence for who gave it."""


class UnreadableImageError(OSError):
    """A file that Pillow cannot decode to its end."""
