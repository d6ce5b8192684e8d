# Words of uploads in pieces, and of releases that are found on a medium.

BR-1280 = There is no upload { $id }.
    .why = It was added, removed, or given up because nothing came for a week.
    .fix = Begin again, or bring the file on the server itself with: bridle release add FILE
BR-1281 = The next piece begins at byte { $offset } of { $size }.
    .why = The upload was interrupted, or two programs send it.
    .fix = Go on from that byte. Or bring the file on the server itself with: bridle release add FILE
BR-1282 = Something else is being done with this upload.
    .why = Two programs use it at the same time, or it is being added.
    .fix = Wait a moment and try again.
BR-1283 = There are { $count } uploads that have not ended.
    .why = Each takes space until it is added or removed.
    .fix = Finish or remove one of them first. Or bring the file on the server itself with: bridle release add FILE
BR-1284 = The file has { $found } MB; at most { $limit } MB can be uploaded.
    .why = No release is that large.
    .fix = Choose the right file. A delta is much smaller: give the publisher the list of bridle release have
BR-1285 = The upload needs { $needed } MB on the disk, and { $free } MB are free.
    .why = Until it is verified and added, an upload takes its size twice.
    .fix = bridle release add FILE on the server itself takes half of that. A delta takes less. See what uses the space with: bridle store space
BR-1286 = The upload is not complete: { $done } of { $total } MB are there.
    .why = Nothing is added before all of it has come.
    .fix = Send the rest first.
BR-1287 = No release that could be added was found in { $places }.
    .why = Looked at were files that end in .bundle or .run, up to two folders deep; what stands above says why none of them can be used.
    .fix = Mount the medium, or say where the file is with: bridle release add FILE
BR-1288 = { $count } releases could be added, and nobody can be asked which.
    .why = The input is not a terminal, and there is more than one.
    .fix = Say which one with: bridle release add FILE
BR-1289 = { $places } does not answer.
    .why = A medium or a network folder that is mounted there hangs.
    .fix = Unmount it, or say where the file is with: bridle release add FILE
BR-1310 = The uploads that have not ended and this one have { $found } MB together; at most { $limit } MB are taken.
    .why = Each takes space until it is added or removed.
    .fix = See them with bridle release upload list and remove one with: bridle release upload remove ID

release-found-head = Found:
release-found-new = { $name } { $version }, newer than all here
release-found-delta = { $name } { $version }, a delta, newer than all here
release-found-partial = { $name } { $version }, not complete: it is still being copied, or the copy broke off
release-found-here = { $name } { $version }, in the store already
release-found-refused = cannot be used: { $why }
release-found-ask = Add { $release } from { $path }?
release-found-which = Which one? Its number, or nothing to stop:
release-found-none = Nothing was added.
release-found-limit = More than { $count } names in { $path }: not all were looked at.
release-found-file = { $number }  { $path }  { $size }
release-found-what = { "    " }{ $what }

upload-none = No upload is waiting.
upload-receiving = { $done } of { $total }, given up { $expires } if nothing more comes
upload-complete = all { $total } are there, not added yet, given up { $expires }
upload-adding = { $total }, being added
upload-remove-ask = Remove the upload { $id } of { $name }? What has come of it is lost.
upload-kept = It stays.
upload-removed = The upload { $id } of { $name } was removed: { $size } are free again.

help-bridle-release-upload = Release files that come in pieces and are not added yet
    .more =
        A browser or a program sends a large file in pieces over the API. What broke off waits for a week, at most four at a
        time and 100 GiB together; one that has not come further for a day makes room for a new one, the oldest first.
    .examples =
        bridle release upload list
        bridle release upload remove 01a2b3c4d5e6
help-bridle-release-upload-list = Uploads that wait, with how much of each has come
    .examples =
        bridle release upload list
        bridle release upload list --json # for programs
help-bridle-release-upload-remove = Remove an upload and the pieces that have come
    .more = Refused while somebody sends or adds it. Asks first; --yes answers.
    .examples = bridle release upload remove 01a2b3c4d5e6
    .id = Which upload, as bridle release upload list names it
    .yes = Do not ask
