"""What may be under way at once, and whether the stream waits where it must.

DMA transfers run beside operations, and both start in order. NPU_OP_DMA_WAIT k waits until at most k transfers are
under way, NPU_OP_KERNEL_WAIT n until at most n operations are. Starting one more than the NPU can hold waits for the
oldest. How far one operation may run into the next is bounded by BLOCKDEP (`jobs.py`).

Source: how Vela places waits (`register_command_stream_util.get_wait_dependency`).
"""

from __future__ import annotations

from collections import deque

from mcugen.ethosu.model.configuration import Configuration
from mcugen.ethosu.model.errors import HazardError
from mcugen.ethosu.model.jobs import touches_too_early
from mcugen.ethosu.model.operations import Operation, Transfer
from mcugen.ethosu.model.stream import Command


class Hazards:
    """Follows a stream; tells of every operation that starts too early."""

    def __init__(self, configuration: Configuration) -> None:
        self._configuration = configuration
        self._transfers: deque[Operation] = deque()
        self._kernels: deque[Operation] = deque()
        self._tables: list[tuple[int, int]] = []
        self._overwriter: Command | None = None

    def wait(self, command: Command) -> None:
        """A wait is reached."""
        queue = self._transfers if command.name == "NPU_OP_DMA_WAIT" else self._kernels
        while len(queue) > command.parameter:
            queue.popleft()

    def start(self, operation: Operation) -> list[HazardError]:
        """An operation or transfer starts."""
        is_transfer = isinstance(operation, Transfer)
        found = self._conflicts(operation, self._transfers)
        if is_transfer:
            found += self._conflicts(operation, self._kernels)
        elif self._kernels:
            found += self._overlap(self._kernels[-1], operation)
        found += self._table(operation)
        queue, most = (
            (self._transfers, self._configuration.most_transfers)
            if is_transfer
            else (self._kernels, self._configuration.most_kernels)
        )
        queue.append(operation)
        if len(queue) > most:
            queue.popleft()
        return found

    def _conflicts(self, operation: Operation, others: deque[Operation]) -> list[HazardError]:
        found = []
        for other in others:
            for what, access in operation.accesses:
                for theirs, access2 in other.accesses:
                    if access.conflicts(access2):
                        verb = "writes" if access.writes else "reads"
                        found.append(
                            HazardError(
                                f"{verb} its {what} in region {access.region} while the {theirs} of "
                                f"{other.command.place()} is still at work there",
                                operation.command,
                            )
                        )
        return found

    def _overlap(self, before: Operation, operation: Operation) -> list[HazardError]:
        """What the operation before may still be at work on when this one runs into it."""
        name = touches_too_early(before, operation)
        if name is not None:
            what = f"may read its {name} before {before.command.place()} has written it"
        elif (
            before.table is not None
            and operation.table is None
            and not self._configuration.keeps_tables
            and operation.registers["BLOCKDEP"]
        ):
            what = f"may overwrite the table that {before.command.place()} still uses"
        else:
            return []
        depth = operation.registers["BLOCKDEP"]
        return [HazardError(what, operation.command, hint=f"BLOCKDEP is {depth}, which is too much here")]

    def _table(self, operation: Operation) -> list[HazardError]:
        """Tables: loaded by a transfer; without banks of their own, overwritten by any operation without one."""
        if isinstance(operation, Transfer):
            self._tables += operation.loaded
            return []
        if operation.table is None:
            if not self._configuration.keeps_tables:
                self._tables.clear()
                self._overwriter = operation.command
            return []
        start, size = operation.table
        covered, at = sorted(self._tables), start
        for first, length in covered:
            if first <= at < first + length:
                at = first + length
        if at >= start + size:
            return []
        reason = f"{self._overwriter.place()} has overwritten" if self._overwriter else "no transfer has loaded"
        return [HazardError(f"uses a table at byte {start} of SHRAM, which {reason}", operation.command)]
