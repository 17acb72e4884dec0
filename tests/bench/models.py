"""A model that takes little time in every stage."""

from __future__ import annotations

from pathlib import Path

import torch


def write_model(folder: Path, name: str = "tiny") -> Path:
    """A fully connected layer, as an archive."""
    torch.manual_seed(0)
    path = folder / f"{name}.pt2"
    with torch.no_grad():
        torch.export.save(torch.export.export(torch.nn.Linear(24, 8).eval(), (torch.zeros(1, 24),)), path)
    return path
