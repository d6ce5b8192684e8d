# Words of: recreate
