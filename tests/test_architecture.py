"""Layers import one way only, nothing imports in a circle, and each seam has one place that knows both sides."""

from __future__ import annotations

import ast
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import qingmo

SOURCE = Path(qingmo.__file__).parent
PLAIN = {"errors", "config", "sampling_params", "completion"}
LAYERS = [PLAIN, {"model"}, {"engine"}, {"llm"}, {"server", "bench", "check", "rag", "export"}, {"cli"}]
DOORS = {"qingmo", "qingmo.__main__"}  # what starts everything may know everything


def modules() -> dict[str, Path]:
    found = {}
    for path in SOURCE.rglob("*.py"):
        parts = ["qingmo", *path.relative_to(SOURCE).with_suffix("").parts]
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


MODULES = modules()


def imports(module: str) -> set[str]:
    """The package's modules that a module imports, anywhere in it; qingmo._native as such."""
    found = set()
    for node in ast.walk(ast.parse(MODULES[module].read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module} has a relative import: write the whole name"
            found |= {f"{node.module}.{alias.name}" for alias in node.names} | {node.module}
    known = MODULES.keys() | {"qingmo._native"}
    # `from qingmo.x import y` runs qingmo/__init__.py too, which imports nothing.
    return {name for name in found if name in known} - {module, "qingmo"}


def layer(module: str) -> int:
    part = module.split(".")[1]
    return next(i for i, names in enumerate(LAYERS) if part in names)


def test_every_module_belongs_to_a_layer() -> None:
    assert all(layer(module) >= 0 for module in MODULES if module not in DOORS)


def test_layers_import_only_what_stands_before_them() -> None:
    wrong = [
        f"{module} imports {other}"
        for module in MODULES.keys() - DOORS
        for other in imports(module) - {"qingmo._native"}
        if other in DOORS or layer(other) > layer(module)
    ]
    assert not wrong


def test_what_people_meet_never_imports_another_of_its_kind() -> None:
    peers = LAYERS[-2]
    wrong = [
        f"{module} imports {other}"
        for module in MODULES.keys() - DOORS
        if (own := module.split(".")[1]) in peers
        for other in imports(module)
        if other.split(".")[1] in peers - {own}
    ]
    assert not wrong


def test_no_module_imports_in_a_circle() -> None:
    TopologicalSorter({module: imports(module) for module in MODULES}).prepare()


def test_the_compiled_core_is_imported_where_weights_are_packed_and_run_and_text_is_encoded_alone() -> None:
    importers = {module for module in MODULES if "qingmo._native" in imports(module)}
    tables = {"qingmo.model.token_table", "qingmo.model.token_table_content"}
    assert importers == {"qingmo.model.packer", "qingmo.engine.runner", *tables}


def test_nothing_names_the_native_runner_but_its_file_and_the_assembler() -> None:
    namers = {module for module, path in MODULES.items() if "NativeRunner" in path.read_text(encoding="utf-8")}
    assert namers == {"qingmo.engine.runner", "qingmo.engine.build"}


def test_importing_the_package_alone_imports_nothing_heavy() -> None:
    heavy = "fastapi uvicorn pydantic numpy tokenizers minijinja huggingface_hub rich click"
    heavy += " qingmo._native qingmo.engine qingmo.model qingmo.server"
    code = f"import sys, qingmo; print([name for name in {heavy.split()} if name in sys.modules])"
    path = {"PYTHONPATH": str(SOURCE.parent)}
    assert subprocess.check_output([sys.executable, "-c", code], env=path, text=True).strip() == "[]"


def test_the_public_door_opens_to_what_it_says() -> None:
    assert qingmo.__all__ == ["LLM", "QingmoError", "SamplingParams", "__version__"]
    assert dir(qingmo) == sorted(qingmo.__all__)
    assert [getattr(qingmo, name).__name__ for name in qingmo.__all__[:3]] == qingmo.__all__[:3]
    assert not hasattr(qingmo, "Engine")
