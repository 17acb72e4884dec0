"""Example models, their export to torch.export archives, and a small training run."""
