"""From a trained generator to good rows."""
