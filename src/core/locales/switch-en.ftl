# Words of: switch
