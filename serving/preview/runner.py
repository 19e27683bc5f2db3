"""Runs the unmodified program of a project in this process, under a `RecordingMonitor`.

Owns what the Python language host does around a program (settings, configuration, folder, event loop, the
root stack resource, waiting for everything outstanding) and how a failing program is told. The state of
the caller is left as it was. It judges nothing that was recorded.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import gc
import io
import logging
import os
import runpy
import sys
import traceback
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pulumi
import pulumi.runtime
from pulumi.runtime import settings as pulumi_settings
from pulumi.runtime import stack as pulumi_stack

from serving.blueprint.errors import InputError, Problem, ServingError
from serving.preview.monitor import RecordingEngine, RecordingMonitor, unanswerable
from serving.preview.project import Project, StackConfig
from serving.preview.recording import Message, Recording, Severity
from serving.preview.values import Decoder, Redactor

_OWN_FOLDER = Path(__file__).parent

ORGANIZATION = "organization"
"""What the engine calls the organization on a backend that has none."""


class ProgramError(ServingError):
    """The program itself failed, by an exception that is no input error.

    Attributes:
        redact: Strikes the secrets that the program had registered out of a trace.
    """

    def __init__(self, cause: BaseException, root: Path, redact: Redactor) -> None:
        place = _place(cause, root)
        super().__init__(redact(f"the program failed{place}: {type(cause).__name__}: {cause}"))
        self.redact = redact


def run_program(project: Project, config: StackConfig, monitor: RecordingMonitor | None = None) -> Recording:
    """Run the program once and return all that it registered.

    Args:
        project: Whose program.
        config: The stack's configuration.
        monitor: Who answers the program; by default one that knows nothing of what a provider computes.

    Raises:
        InputError: The program refused its input, asked a provider something, or said so by `RunError`.
        ProgramError: The program raised anything else, in its body or in an `apply`.
    """
    monitor = monitor or RecordingMonitor(project.name, config.stack)
    engine = RecordingEngine()
    context = contextvars.copy_context()
    try:
        with _folder(project), _lean_interpreter():
            context.run(_run, project, config, monitor, engine)
    except Exception as error:
        raise _explain(error, project.root, _redactor(monitor)) from error
    if monitor.lookups:  # the program caught the refusal; what it did instead is not what it would do
        raise unanswerable(monitor.lookups)
    return Recording(
        project=project.name,
        stack=config.stack,
        config=dict(config.values),
        registrations=tuple(monitor.registrations.values()),
        duplicates=tuple(monitor.duplicates),
        outputs=monitor.registered_outputs,
        messages=tuple(engine.messages),
        lookups=tuple(monitor.lookups),
        transforms=monitor.transforms,
    )


def _run(project: Project, config: StackConfig, monitor: RecordingMonitor, engine: RecordingEngine) -> None:
    """Run in a context of our own: the SDK keeps its settings in context variables."""
    pulumi.runtime.config.set_all_config(dict(config.values), sorted(config.secret_keys))
    pulumi_settings.reset_options()
    pulumi.runtime.configure(
        pulumi.runtime.Settings(
            project=project.name,
            stack=config.stack,
            monitor=monitor,
            engine=engine,
            dry_run=True,
            organization=ORGANIZATION,
            root_directory=str(project.root),
        )
    )

    def program() -> Awaitable[None]:
        runpy.run_path(str(project.program), run_name="__main__")
        return _settle()

    out, err = _Printed(engine, Severity.INFO), _Printed(engine, Severity.INFO)
    with (
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
        _event_loop() as loop,
        contextlib.closing(out),
        contextlib.closing(err),
    ):
        loop.run_until_complete(pulumi_stack.run_in_stack(program))


# Passes of the event loop without any output becoming known before the waiting is left to the SDK: its own
# chains are a few passes long; what takes longer waits for something outside of this process.
_MOST_IDLE_PASSES = 200


async def _settle() -> None:
    """Let the event loop run until every output is known, or nothing moves any more.

    The SDK would wait as well, but for any one of all pending outputs at a time, and would go through all of
    them again after each, which makes a third of the cost of a run. With nothing outside of the process to wait
    for, passing control around is enough. Exports made meanwhile come too late under the engine, and so here.
    """
    stack = pulumi.runtime.get_root_resource()
    exports = dict(stack.outputs) if isinstance(stack, pulumi_stack.Stack) else {}
    pending, idle = pulumi_settings.SETTINGS.outputs, 0
    fewest = len(pending)
    while pending and idle < _MOST_IDLE_PASSES:
        await asyncio.sleep(0)
        idle = idle + 1 if len(pending) >= fewest else 0
        fewest = min(fewest, len(pending))
    if isinstance(stack, pulumi_stack.Stack):
        stack.outputs = exports


class _InlineExecutor(ThreadPoolExecutor):
    """Runs the SDK's calls to the monitor where they stand; everything else gets a thread.

    The SDK hands every monitor call to the loop's executor, since a real monitor blocks on a socket. Ours
    answers from memory, and the hand-over would cost more than the answer.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(thread_name_prefix="preview")
        self._loop = loop

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
        if getattr(fn, "__module__", "") != _SDK_CALLS:
            return super().submit(fn, *args, **kwargs)
        future = self._loop.create_future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:  # noqa: BLE001  (it is handed on, not dropped: whoever awaits gets it)
            future.set_exception(error)
        return future


_SDK_CALLS = "pulumi.runtime._context"  # where the SDK wraps its monitor calls (wrap_with_context)


@contextlib.contextmanager
def _event_loop() -> Iterator[asyncio.AbstractEventLoop]:
    loop = asyncio.new_event_loop()
    executor = _InlineExecutor(loop)
    loop.set_default_executor(executor)
    asyncio.set_event_loop(loop)
    # A failed program leaves futures behind that nobody awaits; asyncio would report each of them.
    logger = logging.getLogger("asyncio")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield loop
    finally:
        _cancel_leftovers(loop)
        executor.shutdown(wait=True)
        asyncio.set_event_loop(None)
        loop.close()
        logger.setLevel(level)


def _cancel_leftovers(loop: asyncio.AbstractEventLoop) -> None:
    tasks = asyncio.all_tasks(loop)
    for task in tasks:
        task.cancel()
    if tasks:
        loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))


@contextlib.contextmanager
def _folder(project: Project) -> Iterator[None]:
    """The working folder, module path and arguments that the language host gives a program."""
    folder, path, argv = os.getcwd(), list(sys.path), list(sys.argv)
    root = str(project.program if project.program.is_dir() else project.program.parent)
    os.chdir(project.root)
    sys.path.insert(0, root)
    sys.argv = [str(project.program)]
    try:
        yield
    finally:
        os.chdir(folder)
        sys.path[:] = path
        sys.argv = argv


# Of the stack that the SDK takes at every registration, enough frames to reach the line that made the resource:
# two of the SDK's own, three or four constructors, the caller. The others cost a tenth of the run.
_STACK_FRAMES = 7


@contextlib.contextmanager
def _lean_interpreter() -> Iterator[None]:
    """Hold off what costs without use here: the garbage collector, and stack frames nobody looks at.

    A run makes many objects and frees few before its end, so collections find nothing.
    """
    collecting, frames = gc.isenabled(), getattr(sys, "tracebacklimit", None)
    gc.disable()
    sys.tracebacklimit = _STACK_FRAMES
    try:
        yield
    finally:
        if frames is None:
            del sys.tracebacklimit
        else:
            sys.tracebacklimit = frames
        if collecting:
            gc.enable()


class _Printed(io.TextIOBase):
    """Standard output of the program, kept line by line as messages."""

    def __init__(self, engine: RecordingEngine, severity: Severity) -> None:
        self._engine = engine
        self._severity = severity
        self._rest = ""

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        *lines, self._rest = (self._rest + text).split("\n")
        self._engine.messages.extend(Message(self._severity, line) for line in lines if line)
        return len(text)

    def close(self) -> None:
        if self._rest:
            self.write("\n")
        super().close()


def _redactor(monitor: RecordingMonitor) -> Redactor:
    """What strikes out the secrets that came as far as the monitor."""
    decoder = Decoder()
    for registration in (*monitor.registrations.values(), *monitor.duplicates):
        decoder.struct(registration.inputs, registration.request.additionalSecretOutputs)
    for outputs in monitor.registered_outputs.values():
        decoder.struct(outputs)
    return Redactor(decoder.secret_texts)


def _explain(error: Exception, root: Path, redact: Redactor) -> ServingError:
    """What a person needs to know of a failed program."""
    chain = list(_causes(error))
    for known in chain:
        if isinstance(known, InputError):
            return known
    for known in chain:
        if isinstance(known, pulumi.RunError):
            return InputError([Problem("__main__.py", 0, 0, "", redact(str(known)))])
    return ProgramError(error, root, redact)


def _place(error: BaseException, root: Path) -> str:
    """The innermost line of the project's own code that the exception came through."""
    for cause in _causes(error):
        for frame in reversed(traceback.extract_tb(cause.__traceback__)):
            path = Path(frame.filename)
            ours = "site-packages" in path.parts or path.is_relative_to(_OWN_FOLDER)
            if path.is_relative_to(root) and not ours:
                return f" at {path.relative_to(root)}:{frame.lineno}"
    return ""


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    seen: list[BaseException] = []
    while error is not None and error not in seen:  # the SDK raises one exception several times: a circle
        seen.append(error)
        yield error
        error = error.__cause__ or error.__context__
