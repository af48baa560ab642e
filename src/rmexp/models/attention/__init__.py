"""How hidden states are computed: who sees whom, in packed or padded rows."""
