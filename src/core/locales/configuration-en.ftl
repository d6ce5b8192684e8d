# Words of: configuration
