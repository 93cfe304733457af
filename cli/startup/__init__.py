"""What makes commands start fast, and nothing else."""
