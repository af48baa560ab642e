"""What `train` is made of beside the verb itself."""
