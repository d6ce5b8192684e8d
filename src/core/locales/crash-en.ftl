# What an interruption or another version left behind.
BR-1160 = The journal of an operation was written by a newer version of Bridle: { $path }.
    .why = It holds records that this version does not know. Guessing what they mean could undo or repeat work, so nothing is touched.
    .fix = Go back to the newer version: run the installer of the release that this host ran last. Until then no operation begins but this one: bridle uninstall
