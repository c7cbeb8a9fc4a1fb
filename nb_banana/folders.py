"""Where a library is: known before anything of it is opened, for loading the extension asks it."""

from pathlib import Path

INDEX = "index.sqlite"


def default_folder(kind: str, setting: str | None = None, beside: Path | None = None) -> Path:
    """The folder of a library.

    Args:
        kind: the kind of service, ``"api"`` or ``"sandbox"``: each has a folder of its own.
        setting: a folder that a person chose; None is the user's data folder (on Linux
            ``$XDG_DATA_HOME``). A relative one is `beside` the notebook, to commit or zip.
        beside: the notebook's folder; else the current one.
    """
    if setting is None:
        import platformdirs  # a kernel has it already, a script that names a folder needs it not

        return platformdirs.user_data_path("nb_banana", appauthor=False) / kind
    return (beside or Path.cwd()) / Path(setting).expanduser() / kind
