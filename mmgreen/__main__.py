"""``python -m mmgreen`` is the command ``mmgreen``."""

from mmgreen.command import main

if __name__ == '__main__':
    main()
