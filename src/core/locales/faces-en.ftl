# Words of the faces.
