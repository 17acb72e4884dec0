# %% [markdown]
# From a model in Python to a folder of C, without files in between. Editors that know cells (`# %%`) run this as a
# notebook; `python examples/gestures.py FOLDER` runs it as it stands. docs/python.md says the rest.

# %%
import sys
from pathlib import Path

import torch
from torch import nn

import mcugen

# %% [markdown]
# A network that tells five gestures by six sensor channels, and what the sensor gave. In an application the network is
# trained and the samples are recorded; here both are random.

# %%
torch.manual_seed(0)
model = nn.Sequential(nn.Conv1d(6, 12, 7, stride=2), nn.ReLU(), nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(12, 5))
samples = torch.randn(64, 6, 128)

# %% [markdown]
# A float model is exported and quantized with the samples. In a notebook the last line of a cell shows the module as a
# table.

# %%
compiled = mcugen.compile(model, board="nrf5340dk", calibration=samples, name="gestures")
print(compiled)
print(compiled.report())

# %% [markdown]
# The integer reference on this machine: what the firmware will compute, bit by bit. Arrays are as PyTorch has them.

# %%
scores = compiled.run(samples)
with torch.no_grad():
    expected = torch.cat([model.eval()(sample[None]) for sample in samples])
agreeing = int((torch.as_tensor(scores).argmax(1) == expected.argmax(1)).sum())
print(f"{agreeing} of {len(samples)} classes are those of PyTorch")

# %% [markdown]
# The firmware itself, in an emulator: the same bits, and counts.

# %%
assert (compiled.emulate(samples[:4]) == compiled.run(samples[:4])).all()
outcome = compiled.verify()
print(outcome)
print(f"match: {outcome.match}, {outcome.measurement.instructions:,} instructions an inference")

# %% [markdown]
# C for an application; the folder's README.md says how to go on.

# %%
folder = compiled.write(Path(sys.argv[1] if len(sys.argv) > 1 else "gestures"))
print(f"written: {folder}/README.md")
