"""Each service in each trouble: what comes of it, how often it was sent, what it cost, what is
left, and what a person is told of the money."""

import re
from decimal import Decimal

import pytest

import nb_banana
from nb_banana import configure, errors, generate
from nb_banana._default import client
from nb_banana.credentials import PLACES
from nb_banana.sandbox import Sandbox
from nb_banana.sandbox.faults import troubles_of
from nb_banana.sandbox.services import SPOKEN
from nb_banana.services import tickets
from tests.conftest import KEY
from tests.generation.test_charged import journal
from tests.support.amount import some

TABLE = """
slow                a picture               1   1   stored     the picture
400                 BadRequestError         1   0   failed     nothing       Nothing was charged
401                 KeyRefusedError         1   0   failed     nothing
402                 NotAllowedError         1   0   failed     nothing       Nothing was charged
  fal               NotAllowedError         1   0   failed     nothing
403                 NotAllowedError         1   0   failed     nothing
404                 NotFoundError           1   0   failed     nothing
422                 BadRequestError         1   0   failed     nothing       Nothing was charged
  fal               RefusalError            1   1   failed     nothing       was not said
429                 RateLimitError          5   0   failed     nothing       Nothing was charged
429-retry-after     RateLimitError          5   0   failed     nothing       Nothing was charged
500                 ServerError             5   0   failed     nothing       It was not charged
  fal               ServerError             1   0   failed     nothing       It was not charged
  openai            GatewayError            1   0   unknown    nothing       is not known
502-gateway         GatewayError            1   0   unknown    nothing       is not known
  aimlapi           GatewayError            1   0   failed     nothing       that it was not charged
503                 ServerError             5   0   failed     nothing       It was not charged
  fal               ServerError             1   0   failed     nothing       It was not charged
  openai            GatewayError            1   0   unknown    nothing       is not known
504-gateway         GatewayError            1   1   unknown    nothing       is not known
  aimlapi           GatewayError            1   1   unknown    nothing       that it was charged
maintenance         ServerError             5   0   failed     nothing       It was not charged
  fal               ServerError             1   0   failed     nothing       It was not charged
  openai            GatewayError            1   0   unknown    nothing       is not known
refusal             RefusalError            1   0   failed     nothing       It was not charged
  aimlapi           RefusalError            1   0   failed     nothing       that it was not charged
  fal               RefusalError            1   0   failed     nothing       was not said
  google            RefusalError            1   1   failed     nothing       It was charged
refusal-null        RefusalError            1   0   failed     nothing       It was not charged
  aimlapi           RefusalError            1   0   failed     nothing       that it was not charged
  fal               RefusalError            1   0   failed     nothing       was not said
  google            RefusalError            1   1   failed     nothing       It was charged
empty-item          NoPictureError          1   1   failed     nothing       It was charged
  fal               NoPictureError          1   1   failed     nothing       was not said
  google            RefusalError            1   1   failed     nothing       It was charged
drop-before         ConnectionDroppedError   1   0   unknown    nothing       is not known
  aimlapi           ConnectionDroppedError   1   0   unknown    nothing       is not known yet
drop-after          ConnectionDroppedError   1   1   unknown    nothing       is not known
  aimlapi           ConnectionDroppedError   1   1   unknown    nothing       that it was charged
cut-picture         DownloadError           1   1   answered   its link      made and charged
  google            UnreadableAnswerError   1   1   unknown    what came     is not known
  openrouter        UnreadableAnswerError   1   1   unknown    what came     It was charged $0.067
half-picture        TruncatedPictureError   1   1   answered   its link      made and charged
  google            TruncatedPictureError   1   1   answered   what came     made and charged
  openrouter        TruncatedPictureError   1   1   answered   what came     made and charged
link-404            LinkGoneError           1   1   answered   its link      made and charged
not-a-picture       NotAPictureError        1   1   answered   its link      made and charged
  google            NotAPictureError        1   1   answered   what came     made and charged
  openrouter        NotAPictureError        1   1   answered   what came     made and charged
wrong-size          a picture               1   1   stored     the picture
dropped-size        a picture               1   1   stored     the picture
html                UnreadableAnswerError   1   1   unknown    nothing       is not known
  aimlapi           UnreadableAnswerError   1   1   unknown    nothing       that it was charged
cut-json            UnreadableAnswerError   1   1   unknown    what came     is not known
  aimlapi           UnreadableAnswerError   1   1   unknown    what came     that it was charged
  openai            UnreadableAnswerError   1   1   unknown    what came     It was charged $0.067
  fal               a picture               1   1   stored     the picture
base64              a picture               1   1   stored     the picture
jpeg                a picture               1   1   stored     the picture
two-pictures        a picture               1   1   stored     the picture
  fal               a picture               1   1   stored     the picture
queue-stays         AnswerTimeoutError      1   0   accepted   its work      Nothing is lost
queue-works         AnswerTimeoutError      1   0   accepted   its work      Nothing is lost
queue-failed        ServerError             1   0   failed     nothing       It was not charged
queue-error         RefusalError            1   0   unknown    nothing       is not known
queue-gone          UncertainError          1   1   unknown    nothing       is not known
queue-elsewhere     UncertainError          1   1   unknown    nothing       is not known
queue-503           AnswerTimeoutError      1   1   accepted   its work      Nothing is lost
"""
"""Trouble, what comes, POSTs, charges, the state in the journal, what there is of the picture, and
the words for the money. Below a trouble stand the services where it is otherwise."""
ENDLESS = {"queue-stays", "queue-works", "queue-503"}
NUMBERS = {"slow": "slow 0.2", "429-retry-after": "429-retry-after 0.01"}
OTHER_SIZE = {"wrong-size", "dropped-size"}


def rows():
    """Service, trouble and what is expected, for each trouble that a service has."""
    trouble, table = "", {}
    for line in filter(None, TABLE.splitlines()):
        first, *expected = re.split(r"  +", line.strip())
        if line.startswith(" "):
            table[first, trouble] = expected
            continue
        trouble = first
        table |= {(name, trouble): expected for name in SPOKEN if trouble in troubles_of(name)}
    return [(*which, expected) for which, expected in table.items()]


@pytest.fixture
def sandbox_of(monkeypatch, brisk):
    """Starts the sandbox of a service, which the settings lead to then."""
    monkeypatch.setattr(tickets, "FIRST_PAUSE", 0.02)
    monkeypatch.setattr(tickets, "LONGEST_PAUSE", 0.1)
    running = []

    def start(name):
        monkeypatch.setenv(PLACES[name].names[0], KEY)
        running.append(Sandbox(KEY, service=name).start())
        configure(service=name, base_url=running[0].url)
        return running[0]

    yield start
    for each in running:
        each.stop()


def draw(trouble):
    """The picture, or the error that comes in its place."""
    prompt, asked = f"a banana [trouble: {NUMBERS.get(trouble, trouble)}]", ("16:9", "1K")
    try:
        return generate(prompt, aspect_ratio=asked[0], resolution=asked[1])
    except errors.BananaError as error:
        return error


def left_of(row, came):
    """What there is of the picture."""
    if not isinstance(came, Exception):
        return "the picture"
    library = client().context.places(client().context.known_kinds()[0])[0]
    if any(library.kept_answer(row["id"], position) for position in (None, 0)):
        return "what came"
    return {"accepted": "its work", "answered": "its link"}.get(row["state"], "nothing")


def test_each_trouble_of_each_service_is_in_the_table():
    assert {row[:2] for row in rows()} == {(n, t) for n in SPOKEN for t in troubles_of(n)}


@pytest.mark.parametrize(("name", "trouble", "expected"), some(rows(), 24))
def test_a_trouble_ends_as_the_table_says(sandbox_of, name, trouble, expected):
    running = sandbox_of(name)
    if trouble in ENDLESS:
        configure(timeout=0.3)
    came = draw(trouble)
    kind = type(came).__name__ if isinstance(came, Exception) else "a picture"
    row, counts = journal(), (len(running.posts), len(running.charges))
    left = left_of(row, came)
    words = expected[5] if len(expected) > 5 else ""
    assert [kind, *map(str, counts), row["state"], left] == expected[:5]
    if left == "the picture":
        assert bool(came.mismatch) is (trouble in OTHER_SIZE)
        assert (
            trouble == "two-pictures"
            or came.cost == Decimal(running.charges[0].credits) / 2_000_000
        )
    else:
        assert words in str(came)
    if left != "nothing":  # then it is not paid twice unasked
        draw(trouble)
        assert len(running.posts) == 1


@pytest.mark.parametrize(
    ("name", "trouble"),
    [("aimlapi", "cut-picture"), ("fal", "half-picture"), ("openai", "not-a-picture")],
)
def test_a_picture_that_was_paid_is_fetched_when_its_trouble_has_passed(sandbox_of, name, trouble):
    running = sandbox_of(name)
    assert isinstance(draw(f"{trouble} x4"), errors.PictureError)
    (image,) = nb_banana.recover().images
    assert image.size == (1376, 768)
    assert (len(running.posts), len(running.charges)) == (1, 1)


def test_a_state_that_can_t_be_told_for_now_is_asked_again(sandbox_of):
    running = sandbox_of("fal")
    assert draw("queue-503 x2").size == (1376, 768)
    states = [each for each in running.received if each.path.endswith("/status")]
    assert (len(states), len(running.posts), len(running.charges)) == (3, 1, 1)


def test_fal_is_told_not_to_run_again_what_failed(sandbox_of):
    running = sandbox_of("fal")
    draw("500")
    assert [each.headers["x-fal-no-retry"] for each in running.posts] == ["1"]
