"""Model folders: written, read, exported, with the contract that travels with them."""
