# Words of: switch
missing-agent = the agent of { $found } is in use instead of the one of { $wanted }
missing-serving = images are not served as this release means them yet: { $path }
missing-image-forgotten = the image { $image } still means what it did before
missing-program = the programs in use are those of { $found } instead of { $wanted }
missing-emulation = Kubernetes behaves like { $found } instead of { $wanted }
missing-restore-point = the restore point { $point } is not complete: { $path }

BR-1250 = There is too little space for a restore point: { $needed } MiB are needed below { $path }, and { $free } MiB are free.
    .why = Before anything is changed, configuration and data of Kubernetes are copied, so that everything can go back. Nothing was changed.
    .fix = Free some space, for instance with: bridle store gc. Then go on with the operation.
BR-1251 = The copy of the data of Kubernetes for the restore point { $point } is empty or damaged.
    .why = A restore point counts only when its copy is proven. Nothing was changed.
    .fix = Look at: journalctl -u k3s -n 100, and at the state of the disk. Then go on with the operation.
BR-1252 = The restore point { $point } cannot be used: { $path } is absent or altered.
    .why = What was kept before the change is not what it was, so Kubernetes is not put back from it.
    .fix = Check the disk. The files of the other restore points are below /var/lib/bridle/restore-points.
