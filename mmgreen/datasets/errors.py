"""What is wrong with data, in one sentence for who gave them."""


class DataError(ValueError):
    """Data that cannot be trained on; the text is one sentence for who gave it."""


class UnreadableImageError(OSError):
    """A file that Pillow cannot decode to its end."""
