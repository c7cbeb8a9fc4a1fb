"""Subjects: everything that a prompt can ask for by name, each drawn with a few shapes."""

from nb_banana.sandbox.painter.subjects.animals import (
    bear,
    cat,
    dog,
    elephant,
    fox,
    panda,
    penguin,
    rabbit,
)
from nb_banana.sandbox.painter.subjects.figures import astronaut, person, robot, snowman
from nb_banana.sandbox.painter.subjects.fins_and_wings import bird, butterfly, fish
from nb_banana.sandbox.painter.subjects.furniture import chair, lounger, mug, parasol, table
from nb_banana.sandbox.painter.subjects.parts import Look, Subject
from nb_banana.sandbox.painter.subjects.plants import cactus, flower, palm, tree
from nb_banana.sandbox.painter.subjects.rex import rex
from nb_banana.sandbox.painter.subjects.things import (
    apple,
    ball,
    banana,
    book,
    cake,
    castle,
    heart,
    house,
    star,
    umbrella,
)
from nb_banana.sandbox.painter.subjects.vehicles import (
    balloon,
    bicycle,
    boat,
    car,
    plane,
    rocket,
    train,
)

SUBJECTS = {
    "banana": Subject(banana, "banana", 0.95, 0.9),
    "rex": Subject(rex, "trex rex dinosaur dino tyrannosaurus dragon godzilla", 1.05, 1.3, "hills"),
    "cat": Subject(cat, "cat kitten kitty tomcat", 0.95, 0.75, "hills"),
    "dog": Subject(dog, "dog puppy doggy corgi poodle terrier wolf", 0.95, 0.8, "hills"),
    "rabbit": Subject(rabbit, "rabbit bunny hare", 0.8, 0.7, "hills"),
    "panda": Subject(panda, "panda", 0.75, 0.95, "forest"),
    "bear": Subject(bear, "bear teddy", 0.75, 0.95, "forest"),
    "fox": Subject(fox, "fox", 1.1, 0.75, "forest"),
    "elephant": Subject(elephant, "elephant", 1.0, 1.2, "hills"),
    "penguin": Subject(penguin, "penguin", 0.85, 0.75, "snow"),
    "fish": Subject(fish, "fish goldfish shark dolphin whale", 1.5, 0.5, "underwater", flies=True),
    "bird": Subject(bird, "bird parrot sparrow robin duck seagull", 1.4, 0.4, "hills", flies=True),
    "butterfly": Subject(butterfly, "butterfly moth", 1.25, 0.4, "hills", flies=True),
    "person": Subject(
        person,
        "person man woman girl boy child kid student teacher chef scientist people somebody "
        "someone human friend mother father king queen wizard pirate knight baker",
        0.65,
        1.0,
        "hills",
    ),
    "astronaut": Subject(astronaut, "astronaut cosmonaut spaceman", 0.85, 1.0, "space"),
    "robot": Subject(robot, "robot android", 0.95, 0.95),
    "snowman": Subject(snowman, "snowman", 1.0, 1.0, "snow"),
    "house": Subject(house, "house home cottage hut cabin", 1.15, 1.7, "hills"),
    "castle": Subject(castle, "castle palace tower fortress", 1.35, 1.8, "hills"),
    "tree": Subject(tree, "tree oak", 0.8, 1.6, "hills"),
    "palm": Subject(palm, "palm", 0.9, 1.6, "beach"),
    "cactus": Subject(cactus, "cactus cacti", 0.75, 0.9, "desert"),
    "flower": Subject(flower, "flower rose tulip daisy sunflower", 0.7, 0.65, "hills"),
    "car": Subject(car, "car taxi cab truck bus van", 2.05, 0.75, "city"),
    "train": Subject(train, "train locomotive tram", 1.95, 0.95, "hills"),
    "bicycle": Subject(bicycle, "bicycle bike", 1.7, 0.7, "city"),
    "boat": Subject(boat, "boat ship sailboat yacht sailing", 1.3, 1.1, "sea"),
    "rocket": Subject(rocket, "rocket spaceship spacecraft", 0.75, 1.2, "space", flies=True),
    "plane": Subject(plane, "plane airplane aeroplane aircraft jet", 1.9, 0.6, "hills", flies=True),
    "balloon": Subject(balloon, "balloon", 0.8, 0.9, "hills", flies=True),
    "mug": Subject(mug, "mug cup coffee tea cocoa espresso cappuccino", 1.05, 0.4, "room"),
    "ball": Subject(ball, "ball football beachball", 1.0, 0.4, "beach"),
    "apple": Subject(apple, "apple fruit", 0.9, 0.4),
    "book": Subject(book, "book notebook novel", 1.55, 0.4, "room"),
    "cake": Subject(cake, "cake cupcake birthday", 1.2, 0.6, "room"),
    "heart": Subject(heart, "heart love valentine", 1.05, 0.5, flies=True),
    "star": Subject(star, "star", 1.05, 0.5, "space", flies=True),
    "umbrella": Subject(umbrella, "umbrella brolly", 1.15, 0.9, "city"),
    "parasol": Subject(parasol, "parasol sunshade", 1.25, 1.4, "beach"),
    "lounger": Subject(lounger, "lounger deckchair sunbed", 2.1, 0.7, "beach"),
    "chair": Subject(chair, "chair stool armchair", 0.7, 0.75, "room"),
    "table": Subject(table, "table desk", 1.45, 0.6, "room"),
}
"""Every subject, by the name of its kind; the first row that knows a word draws it."""

__all__ = ["SUBJECTS", "Look", "Subject"]
