"""Those who are alive: animals, a person, a robot, the banana and the T-Rex, with their faces."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random

from nb_banana.sandbox.painter.brush import Brush, Paint, dark, mix, pale


@dataclass(frozen=True)
class Look:
    """How a subject is to look: its colour, what it wears or does, and the dice."""

    colour: Paint | None = None
    traits: frozenset[str] = frozenset()
    rng: Random = field(default_factory=lambda: Random(0))  # noqa: S311 - paints, not secrets

    def paint(self, *usual: Paint) -> Paint:
        """The colour asked for, or one of the usual ones."""
        return self.colour or (self.rng.choice(usual) if len(usual) > 1 else usual[0])


@dataclass(frozen=True)
class Subject:
    """A drawing, its words in the singular, its width at height 1, and its size beside others."""

    draw: Callable[[Brush, Look], None]
    words: str
    width: float = 1.0
    size: float = 1.0
    home: str = "plain"  # the backdrop it gets where the prompt names none
    flies: bool = False


INK, EYE_WHITE, RED, CREAM = "#2a2430", "#ffffff", "#e5483d", "#fffaf0"
BLUSH, GREEN, BELLY = "#ff8f86", "#58b04f", "#e9e6a2"


def _face(brush: Brush, look: Look, *, gap: float = 0.5, mouth: float = 0.42) -> None:
    """Two eyes (one unit is about the width of a face), cheeks and a smile, and what is worn."""
    for x in (-gap, gap):
        brush.oval(x * 0.8, mouth * 0.62, 0.1, 0.07, BLUSH, alpha=0.55)
    smile = brush.at(0, mouth, 0.22)
    smile.blob("-100,-20 0,10 100,-20 50,70 0,90 -50,70", "#7a2233")
    smile.oval(0, 0.62, 0.34, 0.2, "#ff7f83")
    if "sunglasses" in look.traits:
        brush.limb([(-gap * 0.95, -0.06), (0, -0.1), (gap * 0.95, -0.06)], 0.06, INK)
    for x in (-gap / 2, gap / 2):
        if "sunglasses" in look.traits:
            _lens(brush.at(x, 0, gap * 0.92))
        else:
            _eye(brush.at(x, 0, 0.11))
    _hat(brush.at(0, -0.34), look)


def _eye(brush: Brush) -> None:
    brush.oval(0, 0, 1, 1.15, INK)
    brush.oval(-0.3, -0.4, 0.38, None, EYE_WHITE)
    brush.oval(0.35, 0.4, 0.18, None, EYE_WHITE)


def _lens(brush: Brush) -> None:
    brush.blob("-50,-28 0,-34 50,-28 45,12 10,32 -30,24 -48,0", INK)
    brush.blob("-42,-22 0,-27 42,-22 38,10 8,26 -25,19 -40,0", "#3d3a5c")
    brush.flat("-31,-20 -10,-23 -25,10 -35,2", "#8fa9d6")


def _hat(brush: Brush, look: Look) -> None:
    if "hat" in look.traits:
        brush.oval(0, 0.04, 0.72, 0.13, "#c9923e")
        brush.blob("-40,0 -36,-36 0,-46 36,-36 40,0 0,8", "#e2b15c", shade=0.4)
        brush.limb("-40,-4 0,5 40,-4", 0.09, "#a8433a")


def _banana(brush: Brush, look: Look) -> None:
    peel = look.paint("#ffd84d")
    brush.shadow(0.02, 0, 0.42, 0.06)
    for x in (-0.02, 0.14):
        brush.limb([(x, -0.14), (x, -0.03)], 0.035, INK)
        brush.oval(x + 0.03, -0.02, 0.065, 0.035, RED)
    brush.limb("-20,-50 -36,-60 -42,-76", 0.035, INK)
    brush.oval(-0.43, -0.78, 0.045, None, CREAM)
    outer = "16,-100 0,-86 -20,-66 -26,-44 -20,-22 -2,-8 22,-6"
    inner = "30,-14 28,-22 20,-30 18,-50 22,-72 26,-92 24,-100"
    brush.blob(f"{outer} {inner}", peel, shade=0.45)
    edge = [0.008, 0.018, 0.018, 0.018, 0.004]
    brush.limb("12,-90 -6,-68 -12,-42 0,-22 20,-14", edge, dark(peel, 0.18))
    brush.blob("14,-96 15,-106 25,-107 26,-96", "#8d6b2f")
    _face(brush.at(0.03, -0.6, 0.34), look, gap=0.44, mouth=0.36)
    brush.limb("18,-46 32,-40 42,-48", 0.035, INK)
    brush.oval(0.44, -0.49, 0.045, None, CREAM)


def _sitting(
    brush: Brush, fur: Paint, ears: Sequence[tuple[str, Paint]] = (), chest: Paint | None = None
) -> None:
    """A small animal that sits and faces us, without its face."""
    brush.shadow(0.03, -0.01, 0.48, 0.07)
    brush.blob("-17,-52 -27,-25 -27,-3 0,1 27,-3 27,-25 17,-52", chest or fur, shade=0.4)
    brush.oval(0, -0.26, 0.14, 0.19, pale(fur, 0.5))
    for half in brush.sides():
        half.oval(0.24, -0.08, 0.13, 0.1, chest or fur, shade=0.3)
        half.limb("9,-30 9,-5", [0.11, 0.1], chest or fur, shade=0.25)
        half.oval(0.1, -0.02, 0.085, 0.05, pale(chest or fur, 0.45))
        for shape, paint in ears:
            half.blob(shape, paint)
    brush.blob("-34,-62 -26,-85 0,-93 26,-85 34,-62 20,-45 0,-42 -20,-45", fur, shade=0.35)


def _muzzle(brush: Brush, look: Look, nose: Paint = INK) -> None:
    """Eyes, nose and mouth of the sitting family."""
    for half in brush.sides():
        half.oval(0.065, -0.54, 0.09, 0.07, "#fff8ee")
    _face(brush.at(0, -0.69, 0.5), look, gap=0.5, mouth=0.34)
    brush.blob("-5,-59.5 5,-59.5 0,-55", nose)


def _cat(brush: Brush, look: Look) -> None:
    fur = look.paint("#f0a04b", "#8d8f9c", "#c98d5a")
    tail = "22,-8 46,-10 50,-32 40,-46 46,-58"
    brush.limb(tail, [0.12, 0.1, 0.08], dark(fur, 0.12), shade=0.3)
    _sitting(brush, fur, [("7,-80 25,-104 33,-74", fur), ("14,-81 24.5,-96 28,-78", "#f7a6a6")])
    for x in (-0.08, 0, 0.08):
        brush.limb([(x, -0.9), (x * 0.8, -0.81)], [0.035, 0.01], dark(fur, 0.25))
    for half in brush.sides():
        half.limb("14,-60 40,-61", [0.012, 0.004], CREAM)
        half.limb("14,-56 40,-54.6", [0.012, 0.004], CREAM)
    _muzzle(brush, look, "#f28b93")


def _fox(brush: Brush, look: Look) -> None:
    fur = look.paint("#ea7a35")
    brush.limb("20,-10 50,-14 58,-50", [0.14, 0.24, 0.06], fur, shade=0.4)
    brush.limb("57.5,-34 58.5,-42 58,-54", [0.18, 0.14, 0.02], "#fff6ea")
    _sitting(brush, fur, [("8,-84 27,-106 32,-72", fur), ("15,-86 25,-98 28,-78", INK)])
    for half in brush.sides():
        half.blob("0,-58 20,-64 31,-58 18,-48 0,-46", "#fff6ea")
    _muzzle(brush, look)


def _panda(brush: Brush, look: Look) -> None:
    fur, patch = look.paint("#f7f4ee"), "#34323c"
    _sitting(brush, fur, [("14,-88 18,-97 30,-97 34,-88 28,-79 20,-78", patch)], patch)
    for half in brush.sides():
        half.oval(0.13, -0.69, 0.095, 0.11, patch)
        half.oval(0.125, -0.7, 0.062, 0.068, EYE_WHITE)
    _muzzle(brush, look)


def _elephant(brush: Brush, look: Look) -> None:
    skin = look.paint("#93a5b8")
    ear = "20,-60 22,-88 38,-96 56,-88 60,-70 54,-52 38,-44"
    inside = "28,-60 38,-84 50,-78 50,-60 38,-52"
    _sitting(brush, skin, [(ear, skin), (inside, mix(skin, "#f7a6a6", 0.6))])
    _face(brush.at(0, -0.74, 0.48), look, gap=0.62, mouth=0.44)
    brush.limb("0,-66 2,-44 10,-30 24,-32", [0.2, 0.14, 0.1, 0.08], skin, shade=0.35)


def _penguin(brush: Brush, look: Look) -> None:
    coat = look.paint("#37415c")
    brush.shadow(0, 0, 0.4, 0.06)
    for half in brush.sides():
        half.oval(0.13, -0.03, 0.13, 0.055, "#f59a2f")
        half.limb("26,-60 42,-40 44,-24", [0.14, 0.12, 0.03], coat, shade=0.3)
    brush.blob("-32,-30 -29,-70 -20,-94 0,-100 20,-94 29,-70 32,-30 20,-5 -20,-5", coat, shade=0.4)
    brush.blob("-21,-30 -18,-60 -20,-80 -6,-86 0,-80 6,-86 20,-80 18,-60 21,-30 0,-10", CREAM)
    _face(brush.at(0, -0.76, 0.4), look, gap=0.5, mouth=0.2)
    brush.blob("-7,-71 7,-71 0,-63", "#f59a2f")


def _robot(brush: Brush, look: Look) -> None:
    steel = look.paint("#8fb8c9")
    joint, glowing = dark(steel, 0.35), brush.bright()
    brush.shadow(0, 0, 0.4, 0.06)
    for half in brush.sides():
        half.limb("13,-24 13,-5", 0.08, joint)
        half.blob("2,0 4,-8 22,-8 24,0", dark(steel, 0.2))
    brush.limb("-40,-26 -40,-40 -26,-48", 0.07, joint)
    brush.limb("26,-48 40,-54 43,-70", 0.07, joint)
    for x, y in ((-0.4, -0.26), (0.43, -0.7)):
        brush.oval(x, y, 0.065, None, "#f2b632")
    brush.flat("-27,-49 -22,-54 22,-54 27,-49 27,-25 22,-20 -22,-20 -27,-25", steel, shade=0.4)
    brush.oval(0, -0.37, 0.11, None, CREAM)
    brush.limb("0,-37 5,-43", 0.02, RED)
    brush.limb("0,-55 0,-97", 0.06, joint)
    glowing.oval(0, -0.99, 0.05, None, "#ff6f61")
    skull = "-25,-83 -20,-88 20,-88 25,-83 25,-63 20,-58 -20,-58 -25,-63"
    brush.flat(skull, pale(steel, 0.15), shade=0.4)
    brush.box(-0.2, -0.83, 0.4, 0.2, "#24405a")
    for half in glowing.sides():
        half.oval(0.09, -0.76, 0.045, None, "#7df0e0")
    glowing.limb("-8,-68.5 0,-66 8,-68.5", 0.02, "#7df0e0")
    if look.traits:
        _face(brush.at(0, -0.76, 0.38), look, gap=0.46, mouth=0.26)


def _rex(brush: Brush, look: Look) -> None:
    """A friendly T-Rex on its back on a lounger, legs up, a coconut in its hand."""
    brush = brush.at(0.02, 0, 1 / 1.7)
    skin = look.paint(GREEN)
    far = dark(skin, 0.22)
    brush.shadow(0.08, 0.0, 1.35, 0.16, 0.5)
    _lounger(brush)
    brush.limb("30,-60 62,-62 94,-56", [0.3, 0.2, 0.14], far)
    _foot(brush.at(0.98, -0.55, turn=-86), far)
    brush.limb("2,-95 20,-94 32,-104", [0.12, 0.09, 0.08], far)
    _coconut(brush.at(0.36, -1.1, 0.32, turn=8))
    tail = "-2,-52 -30,-30 -62,-14 -98,-10 -122,-24"
    brush.limb(tail, [0.42, 0.3, 0.2, 0.12, 0.03], skin, shade=0.4)
    back = "-70,-120 -76,-98 -56,-68 -34,-48 2,-42 28,-46"
    brush.blob(f"{back} 38,-64 26,-90 2,-102 -10,-114 -30,-130", skin, shade=0.45)
    brush.blob("-24,-116 -6,-109 4,-100 26,-88 37,-66 24,-56 2,-68 -18,-90", BELLY)
    brush.limb("10,-62 34,-84 53,-95", [0.42, 0.34, 0.2], skin, shade=0.35)
    brush.limb("53,-95 62,-72 66,-52", [0.2, 0.16, 0.13], skin, shade=0.3)
    _foot(brush.at(0.66, -0.47), skin)
    _rex_head(brush.at(-0.38, -1.12, 0.95, turn=-10), look)
    brush.limb("-11,-86 6,-79 18,-89", [0.14, 0.11, 0.09], skin, shade=0.3)


def _foot(brush: Brush, skin: Paint) -> None:
    """A foot that stands on the origin, toes to the right."""
    brush.blob("-11,-6 -2,-14 16,-10 27,-2 24,5 -8,5", skin, shade=0.25)
    for x in (0.13, 0.2, 0.27):
        brush.at(x, 0).blob("-3.5,0 2,-2 5,4.5 -3,5.5", "#fff6dc")


def _rex_head(brush: Brush, look: Look) -> None:
    """A large head in profile, looking right; the origin is where the neck begins."""
    skin = look.paint(GREEN)
    for k, (x, y) in enumerate(((-0.47, -0.1), (-0.45, -0.3), (-0.34, -0.49), (-0.16, -0.59))):
        brush.at(x, y, turn=-80 + 24 * k).blob("-8,3 0,-13 8,3", "#f0803c")
    jaw = "-40,-12 0,-6 40,-10 55,-10 56,3 40,10 10,14 -25,16 -42,6"
    brush.blob(jaw, dark(skin, 0.08), shade=0.3)
    brush.blob("-16,-16 20,-14 58,-17 52,-4 20,0 -10,0 -30,-4 -30,-14", "#7a2233")
    brush.blob("5,-6 25,-8 42,-5 30,0 12,1", "#ff7f83")
    crown = "-44,-2 -48,-30 -36,-52 -12,-61 10,-56 24,-46 44,-44 60,-38"
    brush.blob(f"{crown} 66,-26 60,-15 32,-12 2,-15 -14,-18 -24,-10 -30,0 -38,6", skin, shade=0.4)
    for x in (0.06, 0.17, 0.28, 0.39, 0.5, 0.58):
        brush.at(x, -0.135 - 0.01 * (x > 0.45)).flat("-4.5,0 4.5,0 0,7.5", "#fffdf2")
    brush.oval(0.55, -0.34, 0.03, 0.02, dark(skin, 0.5))
    brush.oval(-0.06, -0.2, 0.085, 0.055, BLUSH, alpha=0.6)
    if "sunglasses" in look.traits:
        brush.limb("-40,-32 -16,-40 40,-42", 0.04, INK)
        _lens(brush.at(0.36, -0.36, 0.24))
        _lens(brush.at(0.07, -0.35, 0.37))
    else:
        brush.oval(0.04, -0.39, 0.13, 0.15, EYE_WHITE)
        _eye(brush.at(0.08, -0.38, 0.08))
        brush.limb("-10,-53 4,-57 17,-52", [0.02, 0.045, 0.02], dark(skin, 0.4))
    _hat(brush.at(-0.14, -0.56, 0.75, turn=-8), look)


def _coconut(brush: Brush) -> None:
    """A coconut to drink from, with a straw and a paper umbrella."""
    brush.limb("-5,-20 -20,-75 -42,-86", 0.06, "#ff6f61")
    brush.blob("-46,-20 -42,22 0,46 42,22 46,-20 0,-28", "#8a5a36", shade=0.6)
    brush.oval(0, -0.2, 0.45, 0.14, "#fff8ea")
    brush.limb("10,-20 30,-72", 0.04, "#caa06a")
    brush.blob("-8,-58 30,-88 68,-50 30,-66", "#ffc93c")


def _lounger(brush: Brush) -> None:
    """A wooden sun lounger with a striped cushion, its backrest on the left."""
    wood, cloth, stripe = "#b9793f", "#ff7a66", "#fff4e0"
    brush.limb("-66,-74 -50,-36", 0.05, dark(wood, 0.3))
    brush.limb("-45,-34 106,-34", 0.075, wood)
    brush.limb("-40,-34 -90,-102", 0.075, wood)
    brush.flat("-42,-45 106,-45 110,-40 106,-36 -36,-36", cloth)
    brush.limb("-44,-38 -92,-106", 0.1, cloth)
    for k in range(4):
        band = brush.at(-0.5 - 0.12 * k, -0.47 - 0.17 * k)
        band.flat("5,0 0,-8 -9,-3 -4,5", stripe)
    for k in range(7):
        brush.box(-0.28 + 0.19 * k, -0.45, 0.09, 0.09, stripe)
    for x in (-0.3, 0.86):
        brush.at(x, 0).limb("-6,-32 -4,2", [0.075, 0.065], wood)


FIGURES = {
    "banana": Subject(_banana, "banana", 0.95, 0.9),
    "rex": Subject(_rex, "trex rex dinosaur dino dragon", 1.4, 1.3, "hills"),
    "cat": Subject(_cat, "cat kitten kitty", 0.95, 0.75, "hills"),
    "fox": Subject(_fox, "fox", 1.1, 0.75, "forest"),
    "panda": Subject(_panda, "panda bear", 0.75, 0.95, "forest"),
    "elephant": Subject(_elephant, "elephant", 1.0, 1.2, "hills"),
    "penguin": Subject(_penguin, "penguin", 0.85, 0.75, "snow"),
    "robot": Subject(_robot, "robot android", 0.95, 0.95),
}
