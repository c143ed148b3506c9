"""Lists of videos and their labels, as Kinetics and Something-Something v2 come with them."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from mmengine.logging import MMLogger

from mmgreen.datasets.errors import DataError
from mmgreen.datasets.images import VIDEO_ENDINGS
from mmgreen.errors import MissingFileError

OFFICIAL_KINETICS = ('label', 'youtube_id', 'time_start', 'time_end')


class ListedVideo(NamedTuple):
    """A line of a list."""

    name: str
    """Of the file, relative to the folder of the videos."""
    label: str | None
    """A number or the name of a class; None where the list has none."""


def read_clip_list(path: str) -> list[ListedVideo]:
    """The videos of a list.

    Args:
        path: ``.json`` as Something-Something v2 has it (``id`` and ``template`` of each video
            ``<id>.webm``); else a text with a path on each line, or a path and a label behind a
            comma, a tab or a space; or the csv that Kinetics is published with, whose videos are
            called ``<youtube_id>_<start>_<end>.mp4``, six digits each.

    Raises:
        DataError: if it is none of these, or some lines have a label and others none.
        MissingFileError: if there is no such file.
    """
    if not os.path.isfile(path):
        raise MissingFileError(f'There is no list {path}; give another one with ann_file.')
    try:
        with open(path, encoding='utf-8') as file:
            videos = list(_of_json(file.read()) if path.endswith('.json') else _of_text(file))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(
            f'{path} is no list of videos ({type(error).__name__}: {error}); it has to be a text '
            'with a path and a label on each line, or a json of Something-Something v2.'
        ) from error
    if not videos:
        raise DataError(f'{path} names no video.')
    without = sum(each.label is None for each in videos)
    if 0 < without < len(videos):
        raise DataError(
            f'{without} of {len(videos)} lines of {path} have no label; give all or none.'
        )
    return videos


def _of_json(text: str) -> Iterator[ListedVideo]:
    for entry in json.loads(text):
        template = entry.get('template')
        # '[something]' in templates is 'something' in the list of classes.
        label = template and template.replace('[', '').replace(']', '')
        yield ListedVideo(f'{entry["id"]}.webm', label)


def _of_text(lines: Iterator[str]) -> Iterator[ListedVideo]:
    rows = [line.strip() for line in lines if line.strip()]
    if rows and tuple(next(csv.reader(rows[:1]))[:4]) == OFFICIAL_KINETICS:
        for row in csv.DictReader(rows):
            start, end = int(row['time_start']), int(row['time_end'])
            yield ListedVideo(
                f'{row["youtube_id"]}_{start:06d}_{end:06d}.mp4', row['label'] or None
            )
        return
    separator = None
    if not all(row.strip('"').lower().endswith(VIDEO_ENDINGS) for row in rows):  # there are labels
        separators = (each for each in (',', '\t', ' ') if all(each in row for row in rows))
        separator = next(separators, None)
    for row in rows:
        name, _, label = row.rpartition(separator) if separator else (row, '', '')
        yield ListedVideo(name.strip().strip('"'), label.strip().strip('"') or None)


def those_there(videos: Sequence[ListedVideo], folder: str, path: str) -> list[ListedVideo]:
    """The videos that are in the folder; how many are not is said.

    Raises:
        MissingFileError: if none is.
    """
    there = [each for each in videos if os.path.exists(os.path.join(folder, each.name))]
    missing = len(videos) - len(there)
    if missing:
        found = set(there)
        names = [each.name for each in videos if each not in found][:3]
        sentence = (
            f'{missing} of the {len(videos)} videos in {path} are not in {folder}, '
            f'{", ".join(names)} first'
        )
        if not there:
            raise MissingFileError(f'{sentence}; set data_root, or data_prefix, to their folder.')
        MMLogger.get_current_instance().warning(f'{sentence}; they are left out.')
    return there


def labels_as_numbers(
    videos: Sequence[ListedVideo], classes: Sequence[str] | None, path: str
) -> tuple[list[int], tuple[str, ...]]:
    """The labels as places in ``classes``, and the classes.

    Args:
        videos: of the list at ``path``.
        classes: names in the order of labels; None takes the list's own, in alphabetical order, or
            its numbers from 0 to the highest.
        path: for messages.

    Raises:
        DataError: if labels are missing, or a name is none of the classes.
    """
    labels = [each.label for each in videos]
    if labels[0] is None:
        raise DataError(f'The videos in {path} have no labels, which a classifier needs.')
    if all(label.isdigit() for label in labels):
        places = [int(label) for label in labels]
        return places, tuple(classes or map(str, range(max(places) + 1)))
    classes = tuple(classes or sorted(set(labels)))
    places = {name: place for place, name in enumerate(classes)}
    for each in videos:
        if each.label not in places:
            raise DataError(
                f'{path} gives {each.name} the label {each.label!r}, which is none of the '
                f'{len(classes)} classes; name it there, or take the video out.'
            )
    return [places[label] for label in labels], classes
