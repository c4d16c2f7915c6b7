"""The pages' own modules, run by Node: the driver that Playwright's wheel carries."""

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import playwright

import dashboards

JS = Path(dashboards.__file__).parent / "static" / "dashboards" / "js"
NODE = Path(playwright.__file__).parent / "driver" / "node"
Ask = Callable[..., Any]


@contextmanager
def asked(script: str, modules: tuple[str, ...], folder: Path) -> Iterator[Ask]:
    """Run `script`, which lies beside this file and imports `modules`; it answers a line of JSON for each it reads."""
    for module in modules:
        shutil.copy(JS / f"{module}.js", folder)
    (folder / "package.json").write_text('{"type":"module"}')
    command = [str(NODE), str(Path(__file__).with_name(script)), str(folder)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin
    assert process.stdout

    def put(question: str, **about: Any) -> Any:
        process.stdin.write(json.dumps({"ask": question, **about}) + "\n")
        process.stdin.flush()
        return json.loads(process.stdout.readline())

    yield put
    process.stdin.close()
    process.wait(10)
