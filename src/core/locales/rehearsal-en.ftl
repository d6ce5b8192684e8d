# Words of: rehearsal
