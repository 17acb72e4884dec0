"""Boards: one YAML file each."""

from mcugen.boards.board import Board, Cpu, Memory
from mcugen.boards.loader import list_boards, load_board

__all__ = ["Board", "Cpu", "Memory", "list_boards", "load_board"]
