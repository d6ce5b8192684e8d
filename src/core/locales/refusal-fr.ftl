# Ce qui ne va pas exactement dans ce que l’installateur refuse ; la deuxième phrase d’une erreur.

BR-1170 = Il n’y a pas de clé d’éditeur dans { $path }.
    .why = La clé d’un éditeur est un fichier texte de deux lignes (NOM.pub) ; ceci est autre chose, ou a été altéré en route.
    .fix = Redemandez le fichier .pub à l’éditeur, puis ajoutez : --publisher-key FICHIER
BR-1171 = Un autre installateur travaille déjà sur ce serveur.
    .why = Deux à la fois se gêneraient.
    .fix = Laissez-le finir, puis regardez : bridle status. Vous le trouvez avec : pgrep -af install
BR-1172 = La liste des versions que ce serveur a eues est endommagée : { $path }
    .why = Sans elle, personne ne peut dire si un fichier de version est une ancienne version que l’on glisse à la place.
    .fix = Vérifiez le disque. Demandez à l’éditeur le numéro de la version la plus récente, gardez une copie du fichier, supprimez-le, puis prenez cette version.
BR-1173 = L’horloge indique { $time } ; aucune version n’a été construite avant { $earliest }.
    .why = Un certificat créé maintenant ne serait plus valable une fois l’heure juste, et les utilisateurs ne pourraient pas entrer.
    .fix = Mettez l’horloge à l’heure, vérifiez la pile de l’horloge du serveur, puis retentez l’étape : bridle operation retry
