"""Where answers come from: a model on this machine, or an endpoint the user configured."""
