"""PPO, built, run and summarised."""
