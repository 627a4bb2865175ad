#!/bin/bash
# SPDX-License-Identifier: MIT
# Programs with every copy offloaded: ffmpeg, ImageMagick.
. tests/lib.sh "$1"
. tests/compat/lib.sh

same ffmpeg 'ffmpeg: mpeg4, x264, aac, scaling' ffmpeg heavy <<'END'
f='ffmpeg -nostdin -v error -bitexact -flags bitexact'
$f -f lavfi -i testsrc2=size=320x240:rate=10:duration=3 -f lavfi -i sine=duration=3 \
	-c:v mpeg4 -threads 2 -c:a aac -bitexact a.avi; sha256sum a.avi
$f -f lavfi -i mandelbrot=size=320x240 -frames:v 6 -c:v libx264 -threads 2 -preset veryfast b.mkv
$f -i b.mkv -vf scale=640:360,hflip,unsharp -f framemd5 -
$f -i a.avi -map 0 -f md5 -; $f -i a.avi -af areverse,volume=0.3 -c:a flac -f md5 -
ffprobe -v error -show_entries stream=codec_name,nb_read_frames -count_frames a.avi
END

same imagemagick ImageMagick imagemagick-6.q16 heavy <<'END'
c='convert -limit thread 2 -seed 5'
[ -x /usr/bin/convert ] || exit 1
/usr/bin/$c -size 300x200 plasma:red-blue -define png:exclude-chunks=date,time a.png
for op in '-resize 150%' '-rotate 17' '-blur 0x3' '-equalize' '-colors 16' '-emboss 2'; do
	/usr/bin/$c a.png $op -depth 8 rgb:- | sha256sum
done
/usr/bin/$c a.png -quality 80 a.jpg; /usr/bin/identify -format '%w %h %# %k\n' a.png a.jpg
/usr/bin/$c a.png a.jpg -append -crop 100x100 +repage tile.miff; sha256sum tile.miff | wc -l
/usr/bin/compare -metric RMSE a.png a.jpg null: 2>&1
END
