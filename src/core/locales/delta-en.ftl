# Words of: delta
