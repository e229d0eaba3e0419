"""``cat-view``: look at a packed dataset in a browser, straight from its shards, or make a static copy to hand on."""

from __future__ import annotations

import os
import signal
import sys
import threading
import webbrowser
from pathlib import Path
from typing import Annotated

import typer

from cat_dataset.checking.sanity import findings
from cat_dataset.checking.verification import inspect
from cat_dataset.command import reported, warn
from cat_dataset.errors import ManifestError, UsageError
from cat_dataset.folders import LocalFolder, folder_flag
from cat_dataset.manifests import Dataset, open_dataset
from cat_dataset.typer_app import run_typer
from cat_dataset.view.catalogue import Catalogue
from cat_dataset.view.flags import Flags
from cat_dataset.view.pictures import Pictures
from cat_dataset.view.server import ViewServer
from cat_dataset.view.static import check_target, write_copy

PRINTED = 50
COPIED = 20
"""Series of each attribute in each split that a static copy holds unless told otherwise."""

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def command(
    manifests: Annotated[
        str, typer.Argument(metavar="[MANIFESTS]", help="The folder that cat-build-shards wrote its tables to.")
    ] = "manifests",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Where to serve; 0 takes any that is free.")] = 8080,
    host: Annotated[str, typer.Option(help="Address to serve on; 0.0.0.0 lets other machines in.")] = "127.0.0.1",
    shards: Annotated[str | None, typer.Option(metavar="PATH", help="Where the tars are, if they were moved.")] = None,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Only print the address.")] = False,
    check: Annotated[bool, typer.Option("--verify", help="Run the whole of cat-verify first, and show what it found.")] = False,
    html: Annotated[str | None, typer.Option(metavar="DIR", help="Write a static copy that opens without a server, and end.")] = None,
    limit: Annotated[int, typer.Option(min=0, help="Series per attribute and split in a static copy; 0 takes all.")] = COPIED,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Show a packed dataset as a web page: its series, their values, and what changes between any two frames."""
    with reported(debug):
        folder_flag("MANIFESTS", manifests)
        if shards is not None:
            folder_flag("--shards", shards)
        target = None if html is None else _local("--html", html)
        if target is not None:
            check_target(target)  # before the work
        dataset = open_dataset(manifests, shards=shards)
        pictures = Pictures(dataset)
        catalogue = Catalogue(dataset, _flags(dataset, manifests, shards, check=check, wait=target is not None))
        if target is None:
            serve(catalogue, pictures, host, port, show=not no_browser, debug=debug)
        else:
            _copy(catalogue, pictures, target, limit)


def serve(catalogue: Catalogue, pictures: Pictures, host: str, port: int, *, show: bool, debug: bool) -> None:
    """Serve until Ctrl-C or SIGTERM, which are the way to end it and so no error."""
    server = ViewServer(catalogue, pictures, host, port, debug=debug)
    if not _is_loopback(server):
        warn(f"{host} is no loopback address: whoever reaches this machine can look at the dataset")
    previous = {number: signal.signal(number, _stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        print(f"serving {server.url} (Ctrl-C ends it)", flush=True)
        if show and _has_display():
            threading.Thread(target=webbrowser.open, args=(server.url,), daemon=True).start()
        server.serve_forever()
    except KeyboardInterrupt:
        print("stopped", flush=True)
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
        server.server_close()


def _stop(*_: object) -> None:
    raise KeyboardInterrupt


def _copy(catalogue: Catalogue, pictures: Pictures, target: Path, limit: int) -> None:
    count, faults = write_copy(catalogue, pictures, target, limit)
    left = len(catalogue.ids) - count
    print(f"ok: {count} series in {target}; open {target / 'index.html'}", flush=True)
    if left:
        print(f"left out: {left} of {len(catalogue.ids)} series (--limit {limit} for each attribute in each split; --limit 0 takes all)")
    for fault in faults[:PRINTED]:
        warn(fault)
    if faults:
        hidden = f", of which {len(faults) - PRINTED} are not shown" if len(faults) > PRINTED else ""
        many = "1 picture is" if len(faults) == 1 else f"{len(faults)} pictures are"
        raise ManifestError(f"{many} damaged (named above{hidden}); the copy says so in {'its' if len(faults) == 1 else 'their'} place")


def _flags(dataset: Dataset, manifests: str, shards: str | None, *, check: bool, wait: bool) -> Flags:
    """What cat-verify says: all of it, or of the labels alone, which need not be waited for."""
    if check:
        report = inspect(manifests, shards)
        return Flags(report.findings, report.faults)
    return Flags(findings(dataset)) if wait else Flags.start(dataset)


def _local(flag: str, text: str) -> Path:
    folder = folder_flag(flag, text)
    if not isinstance(folder, LocalFolder):
        raise UsageError(f"{flag} {text} is not on this machine; give a folder here and copy it there afterwards")
    return folder.path


def _is_loopback(server: ViewServer) -> bool:
    address = str(server.server_address[0])
    return address.startswith("127.") or address == "::1"


def _has_display() -> bool:
    """Whether a browser can open a window: without one, Python would start a text browser in this terminal."""
    if sys.platform in ("win32", "darwin"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def main() -> None:
    """Entry point of ``cat-view``."""
    run_typer(app)


if __name__ == "__main__":
    main()
