"""IPv4 addresses: four octets, ordered as the number that they are."""

from __future__ import annotations

import re
from typing import ClassVar

import numpy as np

from synthwgan.table.forms.textform import some_texts
from synthwgan.table.forms.texts import ReadForm, fits_most

_ADDRESS = re.compile(r"([0-9]{1,3})\.([0-9]{1,3})\.([0-9]{1,3})\.([0-9]{1,3})")


class IPv4(ReadForm):
    """Four octets with points between.

    Read as one number of 32 bits, so addresses of one network are neighbours, and every
    number between two addresses is one.

    Examples
    --------
    >>> import numpy as np
    >>> from synthwgan.table.forms.ipv4 import IPv4
    >>> IPv4().parse(np.array(["10.0.0.7", "10.0.0.256"], dtype=object))
    (array([167772167,         0]), array([ True, False]))
    >>> IPv4().write(np.array([167772167])).tolist()
    ['10.0.0.7']
    """

    name: ClassVar[str] = "ipv4"
    meaning: ClassVar[str] = "numeric"

    @property
    def sample(self) -> str:
        return "192.0.2.1"

    @classmethod
    def find(cls, cells: np.ndarray) -> IPv4 | None:
        return cls() if fits_most(cls(), some_texts(cells)) else None

    def read(self, text: str) -> int | None:
        match = _ADDRESS.fullmatch(text)
        if match is None or any(int(octet) > 255 for octet in match.groups()):
            return None
        return int.from_bytes(map(int, match.groups()))

    def text_of(self, number: int) -> str:
        # A number that no cell had, from an altered file, is still some address.
        return ".".join(map(str, (number % 2**32).to_bytes(4)))
