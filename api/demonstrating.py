"""`fairwitness demo`: material, a service of its own with what came of it, and its pages."""

from __future__ import annotations

from pathlib import Path

import yaml
from rich.console import Console

from api import demonstration
from api.progress import shown
from api.service import Service
from api.serving import open_service, serve
from api.working import working
from audit.settings import Settings

HOST = "127.0.0.1"


def run(settings: Settings, out: Path, *, seed: int, port: int | None) -> None:
    """Makes everything in `out`; serves it on `port` until it is stopped, or ends (None)."""
    from datasets.demo import make_demo, make_others  # the service never imports datasets
    from datasets.hiring import make_hiring

    console = Console(soft_wrap=True, highlight=False)
    own = demonstration.settings_of(settings, out)
    with shown() as progress:
        material = make_demo(out, seed=seed, progress=progress)
        others = make_others(out, seed=seed)
    console.print("Made three interviews. The first one has these planted faults:")
    for fault in material.faults:
        console.print(f"  {fault}")
    hiring = make_hiring(out / "fairness", seed=seed)
    console.print("Made a hiring process with these planted disparities:")
    for planted in hiring.planted:
        console.print(f"  {planted}")
    spec = yaml.safe_load(hiring.spec.read_text(encoding="utf-8"))
    spec.pop("ratings", None)  # a second table, which the service does not take
    service = open_service(own)
    with shown() as progress:
        demonstration.whole(
            service,
            (material.recording, *others),
            hiring.candidates,
            {**spec, "alternatives": True},
            progress,
            console.print,
        )
    console.print("Reports, which open in a browser:")
    for path in demonstration.saved(service, out):
        console.print(f"  [bold]{path.resolve()}[/bold]")
    if port is None:
        service.store.close()
        console.print("See the same in its pages: fairwitness demo --serve")
    else:
        _serve(service, port, console)


def _serve(service: Service, port: int, console: Console) -> None:
    entry = demonstration.entries(service)
    home = f"http://{HOST}:{port}"
    console.print("Open this link to sign in as a person of your own; it works once, for a day:")
    console.print(f"  [bold]{home}/app/welcome/{entry.link}[/bold]")
    console.print("Without an application for one-time codes, sign in as somebody who is set up:")
    console.print(f"  {home}/app  name {entry.name}  password {entry.password}", markup=False)
    console.print(f"  codes, each once: {', '.join(entry.codes[:4])}", markup=False)
    console.print("Press Ctrl+C to stop. `make demo` starts over; nothing else is kept or touched.")
    serve(service, host=HOST, port=port, background=working)
