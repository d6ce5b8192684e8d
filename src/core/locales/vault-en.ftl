# Words of repositories of backups: the store below, the repository itself, what is saved and restored.

BR-1400 = The repository { $place } does not answer.
    .why = It was tried several times; the server is down, overloaded, or the network breaks off. It was about { $object }.
    .fix = Check the address, the network and the server. The next backup tries again by itself.
BR-1401 = The repository { $place } refuses the credentials.
    .why = They are wrong or expired, or have no right to this. It was about { $object }.
    .fix = Give valid ones with: bridle repository add --replace
BR-1402 = The clocks of this server and of the repository { $place } are too far apart.
    .why = Object stores refuse requests whose time is more than 15 minutes off.
    .fix = Set the clock right (timedatectl), best with a time server, and try again.
BR-1403 = The repository { $place } is full.
    .why = There is no room left, or its quota is used up. It was about { $object }. What was saved before is whole.
    .fix = Give it more room, or keep backups for a shorter time.
BR-1404 = { $object } is not in the repository { $place }.
    .why = Somebody removed it, the bucket or folder is another one, or the storage lost it.
    .fix = See what is affected with: bridle repository check. If the storage keeps earlier versions, bring it back there.
BR-1405 = { $object } in the repository { $place } is damaged.
    .why = What came back is not what was written, or a listing contradicts itself.
    .fix = See what is affected with: bridle repository check. Use another repository for restoring, and check the storage.
BR-1406 = { $object } is in the repository { $place } already, with other content.
    .why = Something else writes to this repository.
    .fix = Make sure that only this installation writes to it.
BR-1407 = The medium of the repository { $place } is not mounted, or another one is.
    .why = The mark of the repository is not there. Writing now would fill the disk of this server.
    .fix = Mount the medium that belongs there and try again.
BR-1408 = The certificate of the repository { $place } is not trusted.
    .why = It is not signed by an authority that was given for this repository, has expired, or is for another name.
    .fix = Give the authority's certificate with: bridle repository add --ca FILE
BR-1409 = The repository { $place } failed at { $object }.
    .why = The storage gave an answer that has no known cure; the causes say which.
    .fix = Ask who runs the storage, with the causes.
BR-1410 = The key does not open the repository { $place }.
    .why = The key is another repository's, or the repository was made anew.
    .fix = Give the recovery code of this repository.
BR-1411 = There is no repository in { $place }.
    .why = The place is empty, or is another one than was meant.
    .fix = Check the address, or make one with: bridle repository add
BR-1412 = There is a repository in { $place } already.
    .why = A new one would make its backups unusable.
    .fix = Choose an empty place, or add the one that is there with its recovery code.
BR-1413 = The repository { $place } is damaged: { $count ->
        [one] one thing is
       *[other] { $count } things are
    } not as written.
    .why = The storage lost or altered data. The causes name what.
    .fix = Do not remove anything. Backups that are not affected can still be restored; make a new one to another repository.
BR-1414 = { $count ->
        [one] One file
       *[other] { $count } files
    } of { $source } cannot be read, for example { $path }.
    .why = A backup without them would look whole and not be it, so there is none.
    .fix = Look at the cause: rights, a failing disk, or a medium that went away. The next backup tries again.
BR-1415 = { $count ->
        [one] One file
       *[other] { $count } files
    } of { $source } changed while being read, for example { $path }.
    .why = It was read several times and was never the same from beginning to end.
    .fix = Use a file system that can make snapshots (btrfs, xfs), or save this data with commands of the application.
BR-1416 = The data of { $source } ended without a proof that all of them came.
    .why = The command that gives them failed, or the connection broke off.
    .fix = Look at the cause. The next backup tries again.
BR-1417 = Nothing is removed from the repository { $place }.
    .why = Something is in doubt; the causes say what. Removing in doubt is how backups are lost.
    .fix = bridle repository check
BR-1418 = What was restored from { $place } is not what was saved: { $path }.
    .why = Not everything could be written, or something else changed it meanwhile.
    .fix = Check the disk and the space that is free, and restore again.
BR-1419 = There is no snapshot { $snapshot } in the repository { $place }.
    .why = It was removed, or belongs to another repository.
    .fix = See what there is with: bridle backup list
BR-1420 = The repository { $place } could not be used.
    .why = The causes say what failed.
    .fix = bridle repository check
