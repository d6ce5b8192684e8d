# Words of: soak
