"""The backdrops: what each is called in a prompt, and what paints it."""

from collections.abc import Callable
from dataclasses import dataclass

from nb_banana.sandbox.painter.indoors import room, shapes, space, studio, underwater
from nb_banana.sandbox.painter.outdoors import (
    beach,
    city,
    desert,
    forest,
    hills,
    mountains,
    sea,
    snow,
    surf,
)
from nb_banana.sandbox.painter.scenery import Stage


@dataclass(frozen=True)
class Backdrop:
    """One row of the table of backdrops.

    Attributes:
        paint: fills the stage.
        words: the words that ask for it, in the singular.
        front: paints what lies in front of the subjects.
        hour: how much of the hour's light it takes; lamps make up for the rest.
        ground: how far above the lower edge the subjects stand.
    """

    paint: Callable[[Stage], None]
    words: str = ""
    front: Callable[[Stage], None] | None = None
    hour: float = 1.0
    ground: float = 0.1


BACKDROPS = {
    "beach": Backdrop(beach, "beach shore seaside sand island tropical holiday vacation coast"),
    "underwater": Backdrop(underwater, "underwater reef coral aquarium", ground=0.08),
    "sea": Backdrop(sea, "sea ocean wave lake river water harbour harbor", surf, ground=0.14),
    "city": Backdrop(city, "city street skyline town downtown urban road skyscraper", ground=0.07),
    "forest": Backdrop(forest, "forest wood woods jungle rainforest"),
    "mountains": Backdrop(mountains, "mountain mountains alps peak hiking valley"),
    "space": Backdrop(space, "space galaxy moon planet cosmos orbit universe mars", hour=0),
    "desert": Backdrop(desert, "desert dune sahara oasis canyon"),
    "snow": Backdrop(snow, "snow snowy winter arctic ice antarctica glacier christmas"),
    "room": Backdrop(
        room,
        "cafe room kitchen restaurant bar bakery indoors inside office library classroom "
        "livingroom bedroom studio coffeeshop diner",
        hour=0.55,
        ground=0.11,
    ),
    "hills": Backdrop(hills, "hill meadow park garden field countryside farm picnic landscape"),
    "studio": Backdrop(studio, hour=0.7, ground=0.12),
    "shapes": Backdrop(shapes, hour=0.7),
}
"""Every backdrop by name. A prompt gets the one whose word comes first in it."""
