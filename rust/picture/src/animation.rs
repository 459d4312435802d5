//! One picture or many in a file.

use std::borrow::Cow;
use std::io::Write;

use crate::canvas::Canvas;
use crate::image::encoder;
use crate::{Error, Result};

/// Kinds of files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// PNG; with several pictures animated (APNG).
    Png,
    /// GIF: 256 colours in each picture.
    Gif,
}

/// A file that pictures of one size are written into, one after the other.
pub struct Animation<W: Write>(Writer<W>);

enum Writer<W: Write> {
    // One of them per file.
    Png(Box<png::Writer<W>>),
    Gif { encoder: Box<gif::Encoder<W>>, delay: u16 },
}

impl<W: Write> Animation<W> {
    /// Begins a file of `frames` pictures of `size` pixels (across, down), `fps` of them a second, for ever again.
    ///
    /// # Errors
    /// InvalidArgument for pictures that are too large; Io.
    pub fn new(file: W, format: Format, size: [usize; 2], frames: usize, fps: f64) -> Result<Animation<W>> {
        let [width, height] = size;
        Ok(Animation(match format {
            Format::Png => {
                let mut encoder = encoder(file, width, height);
                if frames > 1 {
                    encoder.set_animated(frames as u32, 0)?;
                    encoder.set_frame_delay((1000.0 / fps).round() as u16, 1000)?;
                }
                Writer::Png(Box::new(encoder.write_header()?))
            }
            Format::Gif => {
                let [Ok(width), Ok(height)] = [width, height].map(u16::try_from) else {
                    return Err(Error::InvalidArgument("a GIF has up to 65535 pixels each way".into()));
                };
                let mut encoder = gif::Encoder::new(file, width, height, &[])?;
                if frames > 1 {
                    encoder.set_repeat(gif::Repeat::Infinite)?;
                }
                Writer::Gif { encoder: Box::new(encoder), delay: (100.0 / fps).round() as u16 }
            }
        }))
    }

    /// Writes the next picture.
    pub fn append(&mut self, canvas: &Canvas) -> Result<()> {
        match &mut self.0 {
            Writer::Png(writer) => Ok(writer.write_image_data(canvas.bytes())?),
            Writer::Gif { encoder, delay } => {
                let (width, height) = (canvas.width as u16, canvas.height as u16);
                let mut frame = gif::Frame::from_rgb_speed(width, height, canvas.bytes(), 3);
                frame.delay = *delay;
                frame.buffer = Cow::Owned(frame.buffer.into_owned());
                Ok(encoder.write_frame(&frame)?)
            }
        }
    }

    /// Says that all pictures are there.
    pub fn finish(self) -> Result<()> {
        match self.0 {
            Writer::Png(writer) => Ok(writer.finish()?),
            Writer::Gif { encoder, .. } => {
                let mut file = encoder.into_inner().map_err(|e| Error::Io(e.to_string()))?;
                file.flush().map_err(|e| Error::Io(e.to_string()))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(format: Format, frames: usize) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut animation = Animation::new(&mut bytes, format, [40, 30], frames, 10.0).unwrap();
        for i in 0..frames {
            animation.append(&Canvas::filled(40, 30, [i as u8 * 60, 90, 200])).unwrap();
        }
        animation.finish().unwrap();
        bytes
    }

    #[test]
    fn png_files_have_their_frames() {
        let bytes = write(Format::Png, 3);
        let mut reader = png::Decoder::new(std::io::Cursor::new(bytes)).read_info().unwrap();
        assert_eq!(reader.info().animation_control().unwrap().num_frames, 3);
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        for i in 0..3 {
            reader.next_frame(&mut pixels).unwrap();
            assert_eq!(pixels[..3], [i * 60, 90, 200]);
            let control = reader.info().frame_control().unwrap();
            assert_eq!((control.delay_num, control.delay_den), (100, 1000));
        }
        let still = write(Format::Png, 1);
        let reader = png::Decoder::new(std::io::Cursor::new(still)).read_info().unwrap();
        assert!(reader.info().animation_control().is_none());
    }

    #[test]
    fn gif_files_have_their_frames() {
        let bytes = write(Format::Gif, 3);
        let mut options = gif::DecodeOptions::new();
        options.set_color_output(gif::ColorOutput::RGBA);
        let mut reader = options.read_info(std::io::Cursor::new(bytes)).unwrap();
        let mut first = Vec::new();
        while let Some(frame) = reader.read_next_frame().unwrap() {
            assert_eq!(frame.delay, 10);
            first.push(frame.buffer[0]);
        }
        assert_eq!(first, [0, 60, 120]);
    }
}
