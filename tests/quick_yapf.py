"""Once more the same text is not laid out by yapf again.

mmengine has yapf lay out the config of each training five times, and again for each checkpoint: a
second of a core each.
"""

from functools import lru_cache

from yapf.yapflib import yapf_api

lay_out = yapf_api.FormatCode


@lru_cache
def lay_out_once(text, style):
    return lay_out(text, style_config=dict(style))


def remember_layouts():
    """From here on; of calls with other arguments than mmengine's none is remembered."""

    def quick(text, style_config=None, **others):
        if others or not isinstance(style_config, dict):
            return lay_out(text, style_config=style_config, **others)
        return lay_out_once(text, tuple(style_config.items()))

    yapf_api.FormatCode = quick
