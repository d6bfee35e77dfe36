"""What each file of a config says, with its line: read from the source, not by running it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from custom.errors import PodiumError


@dataclass(frozen=True)
class Setting:
    """A value that a file sets.

    Attributes:
        key: Dotted, as `optim_wrapper.optimizer.lr`; positions count as keys.
        text: The value as written.
        file: The file.
        line: Its line, from 1.
    """

    key: str
    text: str
    file: Path
    line: int

    @property
    def where(self) -> str:
        """File and line, as editors understand them."""
        return f"{self.file}:{self.line}"


@dataclass
class SourceFile:
    """A config file as written.

    Attributes:
        path: The file.
        bases: The files it inherits from, in order.
        settings: The values it sets, in order, by dotted key.
        replaced: Keys that it replaces wholly (lists, constants, `_delete_`), by its own.
        twice: Settings whose key was set before in the same place of the same file.
        names_read: Names that its expressions use.
        bases_read: Names that it takes from its bases as `_base_.name`.
    """

    path: Path
    bases: list[Path] = field(default_factory=list)
    settings: dict[str, Setting] = field(default_factory=dict)
    replaced: list[str] = field(default_factory=list)
    twice: list[tuple[Setting, Setting]] = field(default_factory=list)
    names_read: set[str] = field(default_factory=set)
    bases_read: set[str] = field(default_factory=set)


def read_source(path: Path) -> SourceFile:
    """Parse one config file.

    Raises:
        PodiumError: If it cannot be read, or is no Python (a keyword given twice is none).
    """
    try:
        text = path.read_text(encoding="utf-8")
        tree = ast.parse(_without_braces(text), filename=str(path))
        compile(tree, str(path), "exec")  # finds keywords given twice
    except UnicodeDecodeError as error:
        raise PodiumError(f"{path} must be Python in UTF-8, but is not: {error}") from error
    except OSError as error:
        raise PodiumError(f"cannot read the config {path}: {error.strerror}") from error
    except SyntaxError as error:
        raise PodiumError(f"{path}:{error.lineno}: {error.msg}") from error
    source = SourceFile(path)
    for statement in tree.body:
        if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
            _assign(source, statement.targets[0].id, statement)
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            source.names_read.add(node.id)
        if isinstance(node, ast.Attribute) and _root(node) == "_base_":
            source.bases_read.add(_first_name(node))
    return source


def chain(path: Path) -> list[SourceFile]:
    """Return a config's files, bases before what inherits from them, the config itself last."""
    source = read_source(path)
    files = [file for base in source.bases for file in chain(base)]
    return [*files, source]


def _without_braces(text: str) -> str:
    """Return the source with MMEngine's `{{_base_.x}}` as plain expressions."""
    return text.replace("{{", "  ").replace("}}", "  ") if "{{" in text else text


def _assign(source: SourceFile, name: str, statement: ast.Assign) -> None:
    if name == "_base_":
        listed = ast.literal_eval(statement.value)
        bases = [listed] if isinstance(listed, str) else listed
        source.bases = [_base_path(base, source.path) for base in bases]
        return
    if (first := _first_below(source, name)) is not None and name not in _names(statement.value):
        again = Setting(name, ast.unparse(statement.value), source.path, statement.lineno)
        source.twice.append((first, again))
    for setting, whole in _settings(name, statement.value, source):
        source.settings[setting.key] = setting
        if whole:
            source.replaced.append(setting.key)


def _base_path(base: str, path: Path) -> Path:
    """Return the file of a base; `mmdet::...` lies in the package of that name."""
    if "::" in base:
        from mmengine.config import Config

        return Path(Config._get_cfg_path(base, str(path))[0])
    return (path.parent / base).resolve()


def _first_below(source: SourceFile, name: str) -> Setting | None:
    """Return the first setting of a name or of what is below it."""
    found = (s for key, s in source.settings.items() if key.split(".")[0] == name)
    return next(found, None)


def _settings(key: str, value: ast.expr, source: SourceFile) -> Iterator[tuple[Setting, bool]]:
    """Yield the settings below `key`, and whether each replaces all that bases have there."""
    here = Setting(key, ast.unparse(value), source.path, value.lineno)
    pairs = _pairs(value)
    if pairs is None:
        yield here, True
        return
    if not pairs or any(name == "_delete_" for name, _ in pairs):
        yield here, bool(pairs)
    seen: dict[str, Setting] = {}
    for name, inner in pairs:
        setting = Setting(f"{key}.{name}", ast.unparse(inner), source.path, inner.lineno)
        if name in seen:
            source.twice.append((seen[name], setting))
        seen[name] = setting
        if name != "_delete_":
            yield from _settings(setting.key, inner, source)


def _pairs(value: ast.expr) -> list[tuple[str, ast.expr]] | None:
    """Return the entries of a dict as written, or None where the value is no plain dict."""
    if isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id == "dict":
        if value.args or any(keyword.arg is None for keyword in value.keywords):
            return None
        return [(str(keyword.arg), keyword.value) for keyword in value.keywords]
    if isinstance(value, ast.Dict):
        constants = [key for key in value.keys if isinstance(key, ast.Constant)]
        if len(constants) == len(value.keys):
            names = [str(key.value) for key in constants]
            return list(zip(names, value.values, strict=True))
    return None


def _names(node: ast.AST) -> set[str]:
    return {inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name)}


def _root(node: ast.Attribute) -> str:
    inner: ast.expr = node
    while isinstance(inner, ast.Attribute):
        inner = inner.value
    return inner.id if isinstance(inner, ast.Name) else ""


def _first_name(node: ast.Attribute) -> str:
    """Return `x` of `_base_.x.y.z`."""
    while isinstance(node.value, ast.Attribute):
        node = node.value
    return node.attr
