# Words of the cluster.
