"""What computes: device, threads, precision."""
