"""What can go wrong, and what comes of it: every trouble, each service, all doors.

The page `notebooks/troubles.md` has the same table for people, and is held to this one.
"""

import re
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple
from zlib import crc32

import pytest
from IPython.utils.capture import capture_output

from nb_banana import configure, errors, login, recover
from nb_banana._default import client
from nb_banana.credentials import PLACES
from nb_banana.sandbox import Sandbox
from nb_banana.sandbox.faults import troubles_of
from nb_banana.sandbox.services import SPOKEN
from nb_banana.services import account, send, tickets
from nb_banana.wire import connection, downloads
from tests.conftest import KEY
from tests.support.amount import ALL
from tests.support.doors import DOORS, PanelSaidError, open_door
from tests.support.moments import one_question
from tests.support.raw_server import Exchange, Talk, relay
from tests.support.raw_troubles import MOST, ROADS, TALKS, road
from tests.test_key_leaks import all_of, hides_the_key

TABLE = """
== a picture comes all the same
all of it a byte at a time                a picture               1  1  stored    the picture
[slow]                                    .
[wrong-size]                              .
[dropped-size]                            .
[base64]                                  .
[jpeg]                                    .
[two-pictures]                            .
a length below nothing                    .
a length that is a word                   .
a length of 5,000 digits                  .
no length                                 .
the length twice                          .
chunks                                    .
100 Continue before it                    .
100 Continue ten times                    .
102 Processing before it                  .
103 Early Hints before it                 .
no reason                                 .
status 201                                .
HTTP 1.0                                  .
a length too long                         .
a chunk cut off                           .
chunks without an end                     .
a length too long and a reset             .
a length too long and silence for ever    .
trailers for ever behind it               .
gzip without its end, a length too long  .
called gzip and is not                    .
called brotli                             .
called zstd                               .
gzip                                      .
gzip in parts                             .
gzip of gzip                              .
deflate                                   .
deflate without its head                  .
gzip with zeros behind it                 .
gzip with a line end behind it            .
gzip in a list                            .
deflate in gzip                           .
called deflate and is not                 .
gzip by its old name                      .
an absurd type                            .
cookies                                   .
a header of a header                      .
a header without a colon                  .
60 headers                                .
JSON with its mark of bytes               .
JSON in UTF-16                            .
JSON in UTF-32                            .
white space around it                     .
unknown fields                            .
a name twice                              .
500 brackets beside it                    .
a bill of 5,000 digits                    .
a bill of -1                              .
a bill of NaN                             .
a bill of Infinity                        .
a bill of 1e400                           .
a bill of "much"                          .
a bill of [1]                             .
a bill of {}                              .
a bill of true                            .
a bill of null                            .
a bill of 1E99999999999                   .
all of the picture in small pieces        .
the picture in chunks                     .
the picture in gzip                       .
the picture with a length that is none    .
the picture called gzip                   .
the picture called text                   .
a length too long for the picture         .
a reset behind the picture                .
100 Continue before the picture           .
the picture leads to the same host        .
JPEG for PNG                              .
WEBP for PNG                              .
GIF for PNG                               .
BMP for PNG                               .
TIFF for PNG                              .
a picture and a page                      .
a picture and a ZIP                       .
a PNG with much text                      .
== the answer does not come in time
silence for ever                          AnswerTimeoutError      1  1  unknown   nothing      is not known
  aimlapi                                 AnswerTimeoutError      1  1  unknown   nothing      that it was charged
the status, a byte at a time, for ever    .
a header, a byte at a time, for ever      .
headers for ever                          .
a body for ever                           .
a body without a length for ever          .
chunks for ever                           .
a chunk's size for ever                   .
gzip for ever                             .
100 Continue for ever                     .
102 Processing for ever                   .
== the connection breaks
closed without a byte                     ConnectionDroppedError  1  1  unknown   nothing      is not known
  aimlapi                                 ConnectionDroppedError  1  1  unknown   nothing      that it was charged
[drop-after]                              .
reset without a byte                      .
reset in the headers                      .
two lengths                               .
a chunk's size that is none               .
bytes that are no HTTP                    .
HTTP 0.9                                  .
a handshake of TLS                        .
a proxy's words for a status              .
TLS's words for a status                  .
a timeout's words for a status            .
a status of words                         .
status 000                                .
status 1000                               .
1,000 headers                             .
a header of 1 MB                          .
status 099                                .
[drop-before]                             ConnectionDroppedError  1  0  unknown   nothing      is not known
  aimlapi                                 ConnectionDroppedError  1  0  unknown   nothing      is not known yet
== the answer is none of the service's
a captive portal's page                   UnreadableAnswerError   1  0  unknown   nothing      is not known
  aimlapi                                 UnreadableAnswerError   1  0  unknown   nothing      is not known yet
[502-gateway]                             GatewayError            1  0  unknown   nothing      is not known
  aimlapi                                 GatewayError            1  0  failed    nothing      that it was not charged
[504-gateway]                             GatewayError            1  1  unknown   nothing      is not known
  aimlapi                                 GatewayError            1  1  unknown   nothing      that it was charged
101 Switching Protocols                   .
status 600                                .
status 999                                .
304 Not Modified                          .
304 with a body                           .
[html]                                    UnreadableAnswerError   1  1  unknown   nothing      is not known
  aimlapi                                 UnreadableAnswerError   1  1  unknown   nothing      that it was charged
closed in the headers                     .
a length far too long                     .
204 No Content                            .
205 Reset Content                         .
200 with nothing                          .
204 with a body                           UnreadableAnswerError   1  1  unknown   nothing      is not known
  aimlapi                                 UnreadableAnswerError   1  1  unknown   nothing      that it was charged
  openai                                  UnreadableAnswerError   1  1  unknown   nothing      It was charged $0.067
a proxy's page with a 407                 GatewayError            1  0  unknown   nothing      is not known
  aimlapi                                 GatewayError            1  0  unknown   nothing      is not known yet
a proxy's page with a 502                 .
a proxy's page with a 511                 .
408 of whoever                            .
409 of whoever                            .
303 to another path                       .
a redirect without an address             .
a bomb of gzip                            UnreadableAnswerError   1  1  unknown   nothing      is not known
  aimlapi                                 UnreadableAnswerError   1  1  unknown   nothing      that it was charged
  fal                                     UnreadableAnswerError   1  1  accepted  its work     Nothing is lost
a bomb of gzip in gzip                    .
gzip of 10,000 empty parts                .
a bomb of deflate                         .
a length of 1 GB                          .
a body of 1 GB                            .
chunks of 1 GB                            .
== the answer can't be read
JSON cut in the middle                    UnreadableAnswerError   1  1  unknown   what came    is not known
  aimlapi                                 UnreadableAnswerError   1  1  unknown   what came    that it was charged
  openai                                  UnreadableAnswerError   1  1  unknown   what came    It was charged $0.067
a length too short                        .
gzip cut off                              .
bytes that are no gzip                    .
50 layers of gzip                         .
brotli                                    .
JSON in bytes that are no text            .
NUL                                       .
JSON with a comma too many                .
two JSONs                                 .
100,000 brackets                          .
null                                      .
a number                                  .
a text                                    .
an empty list                             .
an empty object                           .
one bracket, and the end                  UnreadableAnswerError   1  1  unknown   nothing      is not known
  aimlapi                                 UnreadableAnswerError   1  1  unknown   nothing      that it was charged
  openai                                  UnreadableAnswerError   1  1  unknown   nothing      It was charged $0.067
a chunk's size too small                  .
[cut-json]                                UnreadableAnswerError   1  1  unknown   what came    is not known
  aimlapi                                 UnreadableAnswerError   1  1  unknown   what came    that it was charged
  fal                                     a picture               1  1  stored    the picture
  openai                                  UnreadableAnswerError   1  1  unknown   what came    It was charged $0.067
reset in the JSON                         .
206 with half of it                       .
closed in the JSON                        .
a chunk's size below nothing              .
a chunk's size beyond all                 .
a chunk's size of 5,000 digits            .
trailers for ever                         UnreadableAnswerError   1  1  unknown   nothing      is not known
  aimlapi                                 UnreadableAnswerError   1  1  unknown   nothing      that it was charged
the list is a number                      UnreadableAnswerError   1  1  unknown   what came    is not known
  aimlapi                                 UnreadableAnswerError   1  1  unknown   what came    that it was charged
  openai                                  UnreadableAnswerError   1  1  unknown   what came    It was charged $0.067
  openrouter                              UnreadableAnswerError   1  1  unknown   what came    It was charged $0.067
the list is a text                        .
a list of 30,000 empty ones               .
the list is true                          .
a list of numbers                         UnreadableAnswerError   1  1  unknown   what came    It was charged $0.067
  aimlapi                                 UnreadableAnswerError   1  1  unknown   what came    that it was charged
  fal                                     UnreadableAnswerError   1  1  unknown   what came    is not known
  google                                  RefusalError            1  1  failed    nothing      It was charged about
a list of null                            .
a list of lists                           .
== the service is busy or fails
[500]                                     ServerError             5  0  failed    nothing      It was not charged
  fal                                     ServerError             1  0  failed    nothing      It was not charged
  openai                                  GatewayError            1  0  unknown   nothing      is not known
[503]                                     .
[maintenance]                             .
[429]                                     RateLimitError          5  0  failed    nothing      Nothing was charged
[429-retry-after]                         .
== the request is turned away
a proxy's page with a 403                 NotAllowedError         1  0  failed    nothing      Nothing was charged
[402]                                     .
[403]                                     .
[400]                                     BadRequestError         1  0  failed    nothing      Nothing was charged
[401]                                     KeyRefusedError         1  0  failed    nothing      Nothing was charged
401 that is cut off                       .
[404]                                     NotFoundError           1  0  failed    nothing      Nothing was charged
[422]                                     BadRequestError         1  0  failed    nothing      Nothing was charged
  fal                                     RefusalError            1  1  failed    nothing      was not said
301 to another path                       ServiceError            1  0  failed    nothing      was not said
302 to another host                       .
307 to another host                       .
308 to the same path                      .
a redirect to file:                       .
a redirect to a private address           .
a redirect to no address                  .
a redirect in bytes that are no text      .
a redirect with a body for ever           .
== nobody is reached
connection refused                        NotConnectedError       0  0  failed    nothing      nothing was charged
a name that is nobody's                   .
a certificate of nobody known             .
a certificate that has run out            .
a certificate of another host             .
http in place of TLS                      .
a handshake cut off                       .
a handshake for ever                      .
a handshake that is closed                .
a proxy that is not there                 .
a proxy that says nothing                 .
a proxy that answers 403                  .
a proxy that answers 407                  .
a proxy that answers 502                  .
a proxy's login page                      .
a proxy that speaks in garbage            .
== the answer has no picture
[refusal]                                 RefusalError            1  0  failed    nothing      It was not charged
  aimlapi                                 RefusalError            1  0  failed    nothing      that it was not charged
  fal                                     RefusalError            1  0  failed    nothing      was not said
  google                                  RefusalError            1  1  failed    nothing      It was charged
[refusal-null]                            .
[empty-item]                              NoPictureError          1  1  failed    nothing      It was charged
  fal                                     NoPictureError          1  1  failed    nothing      was not said
  google                                  RefusalError            1  1  failed    nothing      It was charged
the list is an object                     NoPictureError          1  1  failed    nothing      It was charged $0.067
  aimlapi                                 NoPictureError          1  1  failed    nothing      It was charged
  fal                                     NoPictureError          1  1  failed    nothing      was not said
  google                                  RefusalError            1  1  failed    nothing      It was charged about
the picture is null                       .
the picture is a list                     .
the picture is an object                  .
the picture is empty                      .
the list is null                          RefusalError            1  1  failed    nothing      It was charged $0.067
  aimlapi                                 RefusalError            1  1  failed    nothing      It was charged
  fal                                     RefusalError            1  1  failed    nothing      was not said
  google                                  UnreadableAnswerError   1  1  unknown   what came    is not known
the list is empty                         RefusalError            1  1  failed    nothing      It was charged $0.067
  aimlapi                                 RefusalError            1  1  failed    nothing      It was charged
  fal                                     RefusalError            1  1  failed    nothing      was not said
  google                                  RefusalError            1  1  failed    nothing      It was charged about
a list of 10,000 empty ones               NoPictureError          1  1  failed    nothing      It was charged
  fal                                     NoPictureError          1  1  failed    nothing      was not said
  google                                  RefusalError            1  1  failed    nothing      It was charged about
  openai                                  NoPictureError          1  1  failed    nothing      It was charged $0.067
  openrouter                              NoPictureError          1  1  failed    nothing      It was charged $0.067
the picture is a number                   NoPictureError          1  1  failed    nothing      It was charged $0.067
  aimlapi                                 NoPictureError          1  1  failed    nothing      It was charged
  fal                                     NoPictureError          1  1  failed    nothing      was not said
  google                                  UnreadableAnswerError   1  1  unknown   what came    is not known
the picture is true                       .
== the picture can't be had
a page for a picture                      NotAPictureError        1  1  answered  what came    made and charged
  aimlapi                                 NotAPictureError        1  1  answered  its link     made and charged
  fal                                     NotAPictureError        1  1  answered  its link     made and charged
JSON for a picture                        .
SVG for a picture                         .
a PDF for a picture                       .
EPS for a picture                         .
noise for a picture                       .
half of a WebP                            .
[cut-picture]                             DownloadError           1  1  answered  its link     made and charged
  google                                  UnreadableAnswerError   1  1  unknown   what came    is not known
  openrouter                              UnreadableAnswerError   1  1  unknown   what came    It was charged $0.067
[half-picture]                            TruncatedPictureError   1  1  answered  its link     made and charged
  google                                  TruncatedPictureError   1  1  answered  what came    made and charged
  openrouter                              TruncatedPictureError   1  1  answered  what came    made and charged
[link-404]                                LinkGoneError           1  1  answered  its link     made and charged
404 for the picture                       .
410 for the picture                       .
[not-a-picture]                           NotAPictureError        1  1  answered  its link     made and charged
  google                                  NotAPictureError        1  1  answered  what came    made and charged
  openrouter                              NotAPictureError        1  1  answered  what came    made and charged
the picture is half a character           LinkGoneError           1  1  answered  its link     made and charged
  google                                  UnreadableAnswerError   1  1  unknown   what came    is not known
  openai                                  UnreadableAnswerError   1  1  unknown   what came    It was charged $0.067
  openrouter                              UnreadableAnswerError   1  1  unknown   what came    It was charged $0.067
the picture is NUL                        .
the picture, a byte at a time, for ever   DownloadError           1  1  answered  its link     made and charged
silence for ever in place of the picture  .
reset in the picture                      .
the picture cut off                       .
no byte of the picture                    .
the picture in garbage                    .
500 for the picture                       .
503 for the picture                       .
403 for the picture                       .
204 for the picture                       .
304 for the picture                       .
the picture leads to another host         .
the picture leads to file:                .
the picture leads to 169.254.169.254      .
the picture leads to 10.0.0.1             .
the picture leads to http elsewhere       .
the picture leads in circles              .
the picture leads to no address           .
the picture leads nowhere                 .
a bomb of gzip for the picture            PictureTooLargeError    1  1  answered  its link     made and charged
a picture of 1 GB                         .
a picture of 1 GB in chunks               .
the picture in gzip cut off               TruncatedPictureError   1  1  answered  its link     made and charged
0 bytes                                   NotAPictureError        1  1  answered  its link     made and charged
  google                                  RefusalError            1  1  failed    nothing      It was charged about
  openai                                  NoPictureError          1  1  failed    nothing      It was charged $0.067
  openrouter                              NoPictureError          1  1  failed    nothing      It was charged $0.067
200 megapixels                            PictureTooLargeError    1  1  answered  what came    made and charged
  aimlapi                                 PictureTooLargeError    1  1  answered  its link     made and charged
  fal                                     PictureTooLargeError    1  1  answered  its link     made and charged
half of a PNG                             TruncatedPictureError   1  1  answered  what came    made and charged
  aimlapi                                 TruncatedPictureError   1  1  answered  its link     made and charged
  fal                                     TruncatedPictureError   1  1  answered  its link     made and charged
half of a JPEG                            .
half of a GIF                             .
== the work waits in a queue
[queue-stays]                             AnswerTimeoutError      1  0  accepted  its work     Nothing is lost
[queue-works]                             .
[queue-failed]                            ServerError             1  0  failed    nothing      It was not charged
[queue-error]                             RefusalError            1  0  unknown   nothing      is not known
[queue-gone]                              UncertainError          1  1  unknown   nothing      is not known
[queue-elsewhere]                         .
[queue-503]                               AnswerTimeoutError      1  1  accepted  its work     Nothing is lost
states that end without a byte            .
states that are 500                       .
states in chunks for ever                 .
states that are a page                    UnreadableAnswerError   1  1  accepted  its work     Nothing is lost
states that are moved                     ServiceError            1  1  accepted  its work     Nothing is lost
"""  # noqa: E501 - a table is read across
"""Trouble, what comes, POSTs, charges, the state in the journal, what there is of the picture, and
the words for the money. Dots: as the row above, for each service. Below a trouble stand the
services where it is otherwise. ``[NAME]`` is the sandbox's own, see `nb_banana.sandbox.faults`; all
others are in `tests.support.raw_troubles`. Each part is one kind: its first row stands for all of
them where a test goes through each door."""

PLACE = {name: place for place, talks in TALKS.items() for name in talks}
NUMBERS = {"slow": "slow 0.2", "429-retry-after": "429-retry-after 0.01"}
NEVER = {
    *("[queue-stays]", "[queue-works]", "[queue-503]"),
    *("states that end without a byte", "states that are 500", "states in chunks for ever"),
}
"""Work that is accepted, and whose end is never heard of."""
WHOLE = {
    *("a length too long and silence for ever", "trailers for ever behind it"),
    "trailers for ever",
}
"""All of the answer comes before that has no end."""
UNREAD = {"a redirect with a body for ever"}
"""What has no end is not waited for."""
OTHER_SIZE = {"[wrong-size]", "[dropped-size]"}


class Ending(NamedTuple):
    """What comes of a trouble."""

    kind: str
    posts: int
    charges: int
    state: str
    left: str
    words: str = ""


def has(service: str, trouble: str) -> bool:
    """Whether a service can be in this trouble."""
    if trouble.startswith("["):
        return trouble[1:-1] in troubles_of(service)
    place = PLACE.get(trouble, "road")  # Google has no links, and who has no queue no states of it
    return {"picture": service != "google", "state": service == "fal"}.get(place, True)


def read(table: str) -> dict[str, dict[str, dict[str, Ending]]]:
    """How it ends, by kind, trouble and service."""
    kinds: dict[str, dict[str, dict[str, Ending]]] = {}
    above: dict[str, Ending] = {}
    for line in filter(None, table.splitlines()):
        if line.startswith("== "):
            troubles = kinds[line[3:]] = {}
            continue
        first, *rest = re.split(r"  +", line.strip())
        if rest == ["."]:
            troubles[first] = above
            continue
        kind, posts, charges, *more = rest
        ending = Ending(kind, int(posts), int(charges), *more)
        if line.startswith(" "):
            above[first] = ending
        else:
            above = troubles[first] = dict.fromkeys(SPOKEN, ending)
    return kinds


KINDS = read(TABLE)
ENDS = {
    (name, trouble): ends[name]
    for troubles in KINDS.values()
    for trouble, ends in troubles.items()
    for name in SPOKEN
    if has(name, trouble)
}


class Met:
    """One trouble of one service, met by as many requests as a test makes."""

    def __init__(self, name: str, trouble: str, behind: Sandbox, heads: list[bytes]) -> None:
        self.name, self.behind, self.heads = name, behind, heads
        own = trouble.strip("[]")
        mark = f" [trouble: {NUMBERS.get(own, own)}]" if trouble.startswith("[") else ""
        self.prompt = f"a banana{mark}"

    @property
    def posts(self) -> int:
        """How often the work was asked for, whether the service behind heard of it or not."""
        seen = [head.decode("latin-1").split()[:2] for head in self.heads]
        return sum(self.behind.api.is_generation(*each) for each in seen) or len(self.behind.posts)

    def draw(self, draw: Any) -> Any:
        """The picture, or the error that comes in its place."""
        try:
            return draw(self.prompt, aspect_ratio="16:9", resolution="1K")
        except Exception as error:  # noqa: BLE001 - whatever it is, it is compared
            return error

    def ending(self, came: Any, charges: int = 0) -> Ending:
        """What came of one request, as the table has it; its words are all that was said."""
        for _ in range(600):  # whoever does not wait for an answer is faster than the work
            if len(self.behind.charges) >= charges:
                break
            time.sleep(0.05)
        library = client().context.places(client().context.known_kinds()[0])[0]
        (row,) = library._index.rows("SELECT id, state FROM requests")
        is_error = isinstance(came, Exception)
        left = {"accepted": "its work", "answered": "its link"}.get(row["state"], "nothing")
        if any(library.kept_answer(row["id"], position) for position in (None, 0)):
            left = "what came"
        return Ending(
            type(came).__name__ if is_error else "a picture",
            self.posts,
            len(self.behind.charges),
            row["state"],
            left if is_error else "the picture",
            str(came) if is_error else "",
        )


def once_done(talk: Talk, monkeypatch: pytest.MonkeyPatch) -> Talk:
    """The trouble, for whom two seconds are left of a minute when its work is done."""
    # No machine is too slow for it then: the time of the client stands still before.
    done: list[float] = []
    clock = SimpleNamespace(monotonic=lambda: 58 + time.monotonic() - done[0] if done else 0.0)
    monkeypatch.setattr(connection, "time", clock)
    configure(timeout=60)

    def later(exchange: Exchange) -> Any:
        exchange.work()
        done.append(time.monotonic())
        return talk(exchange)

    return later


@pytest.fixture
def meet(monkeypatch, brisk):
    """Brings the settings to a service that has a trouble."""
    for module, name, value in [
        *((tickets, "FIRST_PAUSE", 0.02), (tickets, "LONGEST_PAUSE", 0.1)),
        *((send, "LONGEST_ANSWER", MOST), (downloads, "LONGEST_PICTURE", MOST)),
    ]:
        monkeypatch.setattr(module, name, value)

    @contextmanager
    def met(name: str, trouble: str) -> Iterator[Met]:
        place, is_endless, stack = PLACE.get(trouble), "for ever" in trouble, ExitStack()
        monkeypatch.setenv(PLACES[name].names[0], KEY)
        if place == "picture" and is_endless:
            monkeypatch.setattr(downloads, "LONGEST_DOWNLOAD", 0.3)
        elif trouble in ROADS and is_endless:
            monkeypatch.setattr(connection, "CONNECT_TIMEOUT", 0.3)
        elif trouble in NEVER:
            stack.enter_context(one_question())
            monkeypatch.setattr(tickets, "ASK_SECONDS", 0.3 if is_endless else 30.0)
        elif is_endless and trouble not in WHOLE | UNREAD:
            configure(timeout=0.3)
            # However slow the machine is, its work is done by the time that the log is believed,
            # which is asked less than 200 times a minute.
            monkeypatch.setattr(account, "PAUSES", (0.0, *[0.05] * 20, *[0.3] * 150))
        with stack, Sandbox(KEY, service=name) as behind:
            if trouble in ROADS:
                with road(trouble) as url:
                    configure(service=name, base_url=url)
                    login(KEY)
                    yield Met(name, trouble, behind, [])
            elif place is None:
                configure(service=name, base_url=behind.url)
                yield Met(name, trouble, behind, [])
            else:
                talk = TALKS[place][trouble]
                if trouble in WHOLE:
                    talk = once_done(talk, monkeypatch)
                with relay(place, talk, behind) as (url, heads):
                    configure(service=name, base_url=url)
                    yield Met(name, trouble, behind, heads)

    return met


def told(ending: Ending, expected: Ending) -> Ending:
    """The ending with the words that are expected, where they were said."""
    return ending._replace(words=expected.words if expected.words in ending.words else ending.words)


def test_each_trouble_is_in_the_table_once():
    written = [trouble for troubles in KINDS.values() for trouble in troubles]
    own = [f"[{trouble}]" for name in SPOKEN for trouble in troubles_of(name)]
    assert sorted(written) == sorted({*own, *PLACE, *ROADS})


def sample() -> list[tuple[str, str]]:
    """Each trouble of each service; in short every fifth trouble, of one that has it."""
    if ALL:
        return [*ENDS]
    found = []
    for trouble in [*dict.fromkeys(trouble for _, trouble in ENDS)][::5]:
        those = [name for name in SPOKEN if has(name, trouble)]
        found.append((those[crc32(trouble.encode()) % len(those)], trouble))
    return found


@pytest.mark.parametrize(("name", "trouble"), sample())
def test_a_trouble_ends_as_the_table_says(meet, name, trouble):
    expected = ENDS[name, trouble]
    with meet(name, trouble) as met, open_door("function") as draw:
        came = met.draw(draw)
        assert told(met.ending(came, expected.charges), expected) == expected
        if isinstance(came, Exception):
            hides_the_key(*all_of(came))
        if expected.left == "the picture":
            assert bool(came.mismatch) is (trouble in OTHER_SIZE or PLACE.get(trouble) == "bytes")
        if expected.left != "nothing":  # then it is not paid twice unasked
            met.draw(draw)
            assert met.posts == 1


FIRST = [next(iter(troubles)) for troubles in KINDS.values()]
"""The ten troubles that stand for all others, and that of who has a queue."""


def doors() -> list[tuple[str, str, str]]:
    """Each service, trouble and door; in short each trouble and each door once or twice."""
    every = [(name, trouble) for trouble in FIRST for name in SPOKEN if has(name, trouble)]
    if ALL:
        return [(*each, door) for each in every for door in DOORS]
    return [(*every[4 * k % len(every)], DOORS[k % len(DOORS)]) for k in range(len(FIRST))]


@pytest.mark.parametrize(("name", "trouble", "door"), doors())
def test_a_trouble_ends_the_same_through_each_door(meet, name, trouble, door):
    expected = ENDS[name, trouble]
    with meet(name, trouble) as met, open_door(door) as draw, capture_output():
        came = met.draw(draw)
        ending = told(met.ending(came, expected.charges), expected)
    if isinstance(came, PanelSaidError):
        ending = ending._replace(kind=expected.kind)
    assert ending == expected


@pytest.mark.parametrize(
    ("name", "trouble"),
    [("aimlapi", "[cut-picture]"), ("fal", "[half-picture]"), ("openai", "[not-a-picture]")],
)
def test_a_picture_that_was_paid_is_fetched_when_its_trouble_has_passed(meet, name, trouble):
    with meet(name, trouble) as met, open_door("function") as draw:
        met.prompt = met.prompt.replace("]", " x4]")
        assert isinstance(met.draw(draw), errors.PictureError)
        (image,) = recover().images
        assert image.size == (1376, 768)
        assert (met.posts, len(met.behind.charges)) == (1, 1)


ANSWERS = {
    "a picture comes all the same": ("its price", "nothing"),
    "the answer does not come in time": (
        "may have been charged: the log is asked, where there is one",
        "`recover()` later; give more `--timeout`",
    ),
    "the connection breaks": (
        "may have been charged: the log is asked, where there is one",
        "`recover()` later",
    ),
    "the answer is none of the service's": (
        "may have been charged: the log is asked, where there is one",
        "look at the network, sign in where it wants that; `recover()` later",
    ),
    "the answer can't be read": (
        "may have been charged: the log is asked, or the answer says it",
        "`recover()`, also after an update; running it again reads what was kept and sends nothing",
    ),
    "the service is busy or fails": (
        "nothing, if the service itself says so",
        "run it again later",
    ),
    "the request is turned away": (
        "nothing; a redirect does not say",
        "the error's sentence says it",
    ),
    "nobody is reached": ("nothing", "look at network, proxy, certificates, `base_url`"),
    "the answer has no picture": ("what the service says, the error repeats it", "another prompt"),
    "the picture can't be had": ("its price", "`recover()`, or run the cell again"),
    "the work waits in a queue": (
        "its price, when it is done",
        "`recover()`, or run the cell again",
    ),
}
"""What a kind costs and what to do, in words for people: what else the page says is the table's."""
WAITS = {"its link": "the link", "its work": "the service's ticket"}


def row(*cells: object) -> str:
    return f"| {' | '.join(map(str, cells))} |\n"


def head(*names: str) -> str:
    return row(*names) + row(*["---"] * len(names))


def joined(values: Any) -> str:
    return ", ".join(dict.fromkeys(filter(None, values))) or "–"


def in_short() -> str:
    """The table of the kinds, as the page has it."""
    names = ["what happens", "what you see", "sent again", "what it costs", "kept", "what to do"]
    rows = []
    for kind, troubles in KINDS.items():
        often = [Counter(each.values()).most_common(1)[0][0] for each in troubles.values()]
        seen = joined(e.kind if e.left == "the picture" else f"`{e.kind}`" for e in often)
        ends = [end for each in troubles.values() for end in each.values()]
        again = "up to 4 times" if any(each.posts > 1 for each in ends) else "no"
        kept = joined(WAITS.get(e.left, e.left) for e in ends if e.left != "nothing")
        costs, cure = ANSWERS[kind]
        rows.append(row(kind, seen, again, costs, kept, cure))
    return head(*names) + "".join(rows)


def in_full(kind: str) -> str:
    """All of one kind, as the page has it: what ends alike is one row."""
    alike: dict[int, list[str]] = {}
    ends = {id(each): each for each in KINDS[kind].values()}
    for trouble, each in KINDS[kind].items():
        name = trouble.replace("|", "\\|")
        alike.setdefault(id(each), []).append(f"`{name}`" if name.startswith("[") else name)
    names = ["trouble", "service", "what comes", "requests", "charges", "journal", "kept", "said"]
    rows = []
    for key, those in alike.items():
        services: dict[Ending, list[str]] = {}
        for name, each in ends[key].items():
            if any(has(name, trouble.strip("`")) for trouble in those):
                services.setdefault(each, []).append(name)
        first = "; ".join(those)
        for each, who in services.items():
            told = "all that can have it" if len(services) == 1 else ", ".join(who)
            rows.append(row(first, told, *each))
            first = "as above"
    return f"### {kind[0].upper()}{kind[1:]}\n\n{head(*names)}{''.join(rows)}"


def test_the_page_has_this_table():
    page = (Path(__file__).parents[1] / "notebooks" / "troubles.md").read_text("utf-8")
    for made in (in_short(), *map(in_full, KINDS)):
        assert made in page, f"the page says otherwise; true is:\n{made}"
