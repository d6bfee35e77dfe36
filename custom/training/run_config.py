"""The config of a finished run, ready to build from: read as data, its names looked up first."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mmengine.config import Config
from mmengine.registry import Registry, root
from mmengine.utils import get_object_from_string, import_modules_from_strings

from custom.errors import PodiumError
from custom.runs import Run
from custom.training.nodes import dicts_below

# Keys whose text MMEngine looks up in a registry and, if it is not there, among all modules.
_CALLED = ("type", "constructor")
# Packages that may be imported to see which of their classes a dotted name means.
_KNOWN_PACKAGES = ("custom", "mmcv", "mmdet", "mmengine", "torch")


def load_run_config(run: Run) -> Config:
    """Return the resolved config of a run.

    The run's folder may come from somebody else. Its config chooses among classes that are
    registered here; MMEngine would also let it call `os.system` by that name.

    Raises:
        PodiumError: If it is not what the run was recorded with, or names what is not registered.
    """
    content = run.config()
    _import_modules(content.get("custom_imports"), run)
    check_registered(content, f"{run.folder}: config")
    return Config({**content, "launcher": "none"})  # one process predicts, however many trained


def check_registered(content: Any, source: str) -> None:
    """Refuse a config that names a function or class by its module unless it is registered.

    Raises:
        PodiumError: With the name.
    """
    known = list(_registered())
    identities = {id(each) for each in known}
    names = {f"{getattr(e, '__module__', '')}.{getattr(e, '__qualname__', '')}" for e in known}
    for node in dicts_below(content):
        for name in (node[key] for key in _CALLED if key in node):
            if not isinstance(name, str) or "." not in name or name in names:
                continue
            if name.partition(".")[0] in _KNOWN_PACKAGES:
                scope, _, rest = name.partition(".")
                found = _in_scope(scope, rest) or get_object_from_string(name)
                if id(found) in identities:
                    continue
            raise PodiumError(
                f"{source} must name registered classes only, but has {name}; register it "
                "(`@MODELS.register_module()`) in a module of `custom_imports`"
            )


def _import_modules(imports: Any, run: Run) -> None:
    """Import what a config's `custom_imports` names, which registers it."""
    if not isinstance(imports, dict):
        return
    try:
        import_modules_from_strings(**imports)
    except (ImportError, TypeError) as error:
        raise PodiumError(f"{run.folder}: config: custom_imports: {error}") from error


def _registries() -> Iterator[Registry]:
    """Yield the registries of MMEngine and of every package that has registered its own."""
    pending = [each for each in vars(root).values() if isinstance(each, Registry)]
    while pending:
        registry = pending.pop()
        registry.import_from_location()
        yield registry
        pending += registry.children.values()


def _registered() -> Iterator[Any]:
    for registry in _registries():
        yield from registry.module_dict.values()


def _in_scope(scope: str, name: str) -> Any:
    """Return what is registered as `mmdet.RetinaNet`, or None."""
    found = (r.module_dict.get(name) for r in _registries() if r.scope == scope)
    return next((each for each in found if each is not None), None)
